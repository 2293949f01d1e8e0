import { expect, test } from 'vitest'
import { parseRouterArguments } from './arguments.ts'

test('everything given', () => {
  const args = [
    '--state-dir',
    '/s',
    '--steward-command',
    '["node","aloft.js"]',
    '--record',
    '/r',
    '--succeeds',
    '7',
  ]
  expect(parseRouterArguments(args, {})).toEqual({
    stateDir: '/s',
    stewardCommand: ['node', 'aloft.js'],
    succeeds: 7,
    record: '/r',
  })
})

test('alone, recording as the environment says', () => {
  expect(parseRouterArguments(['--state-dir', '/s'], { ALOFT_RECORD: '/all' })).toEqual({
    stateDir: '/s',
    stewardCommand: null,
    succeeds: null,
    record: '/all',
  })
})

test.each([
  [[], '--state-dir is required'],
  [['--state-dir'], '--state-dir needs a value'],
  [['--state-dir', '/s', '--succeeds', 'x'], '--succeeds takes a pid'],
  [['--what', '1'], 'unknown argument --what'],
  [['--state-dir', '/s', '--steward-command', '[]'], 'takes a JSON array of strings'],
  [['--state-dir', '/s', '--steward-command', '[1]'], 'takes a JSON array of strings'],
])('%j is refused', (args, message) => {
  expect(() => parseRouterArguments(args, {})).toThrow(message)
})
