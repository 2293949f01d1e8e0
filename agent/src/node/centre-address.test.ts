import { expect, it } from 'vitest'
import { parseCentreAddress, parseCentreAddresses, plainHttpWarning } from './centre-address.ts'

const EVERYBODY =
  'is plain http; anybody on the way can read what this agent reports, its enrolment token included; use https://'
const THIS_HOST = 'is plain http; that is safe only while both are on this host'

it.each([
  ['http://centre.example', EVERYBODY],
  ['http://192.0.2.7:8080', EVERYBODY],
  ['http://127.example', EVERYBODY],
  ['http://localhost.example', EVERYBODY],
  ['http://127.0.0.1:8080', THIS_HOST],
  ['http://localhost:8080', THIS_HOST],
  ['http://[::1]:8080', THIS_HOST],
])('%s is plain http, and the operator is told', (text, warning) => {
  expect(plainHttpWarning(parseCentreAddress(text))).toBe(`warning: ${text} ${warning}`)
})

it.each(['https://centre.example', 'unix:/run/aloft.sock'])('%s needs no warning', (text) => {
  expect(plainHttpWarning(parseCentreAddress(text))).toBeNull()
})

it.each([
  ['unix:relative', 'a unix socket needs an absolute path'],
  ['ftp://centre.example', 'expected https://HOST, http://HOST or unix:/PATH'],
  ['http://me:secret@centre.example', 'expected only a host, a port and perhaps a path'],
  ['http://centre.example/?a=b', 'expected only a host, a port and perhaps a path'],
])('%s is refused', (text, message) => {
  expect(() => parseCentreAddress(text)).toThrow(`--control-plane ${text}: ${message}`)
})

it('takes several URLs of one centre, by commas or one by one, each once', () => {
  const texts = ['https://a, https://b/x', 'unix:/run/c', 'https://a']
  expect(parseCentreAddresses(texts).map(({ text }) => text)).toEqual([
    'https://a',
    'https://b/x',
    'unix:/run/c',
  ])
  expect(() => parseCentreAddresses(['https://a,ftp://b'])).toThrow(
    '--control-plane ftp://b: expected https://HOST',
  )
  expect(() => parseCentreAddresses([' , '])).toThrow('expected at least one URL')
})
