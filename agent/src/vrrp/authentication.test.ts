import { describe, expect, it } from 'vitest'
import { authenticationOf, authenticationProblem, isEqualInConstantTime } from './authentication.ts'

const simple = (password: string) => ({ type: 'simple' as const, password })
const hexOf = (password: string) => Buffer.from(authenticationOf(simple(password)).data).toString('hex')

describe('what is sent', () => {
  it('RFC 2338 §5.3.6: type 0 and zeros without authentication', () => {
    expect(authenticationOf({ type: 'none' })).toEqual({ type: 0, data: new Uint8Array(8) })
  })

  it.each([
    ['1111', '3131313100000000'],
    ['', '0000000000000000'],
    ['abcdefgh', '6162636465666768'],
    ['abcdefghi', '6162636465666768'],
    ['p%41"é', '70253431' + '22' + 'c3a9' + '00'],
  ])('RFC 2338 §5.3.6: type 1 and the password %j in eight bytes', (password, hex) => {
    expect(authenticationOf(simple(password)).type).toBe(1)
    expect(hexOf(password)).toBe(hex)
  })

  it('half a surrogate pair in a password is no reason to die', () => {
    expect(hexOf('a\ud800')).toBe('61efbfbd00000000')
  })
})

describe('what is accepted', () => {
  it('the same', () => {
    expect(authenticationProblem(simple('secret'), authenticationOf(simple('secret')))).toBeNull()
    expect(authenticationProblem({ type: 'none' }, authenticationOf({ type: 'none' }))).toBeNull()
  })

  it('without authentication, whatever stands in the data (RFC 3768 §5.3.6)', () => {
    expect(authenticationProblem({ type: 'none' }, { type: 0, data: new Uint8Array(8).fill(7) })).toBeNull()
  })

  it.each([
    ['no authentication where a password is wanted', simple('secret'), authenticationOf({ type: 'none' })],
    ['a password where none is wanted', { type: 'none' as const }, authenticationOf(simple('secret'))],
    ['AH', simple('secret'), { type: 2, data: authenticationOf(simple('secret')).data }],
  ])('not %s', (_, config, received) => {
    expect(authenticationProblem(config, received)).toBe('authentication-type')
  })

  it.each(['secre', 'secrets', 'Secret', '', 'ssecret'])('not the password %j for "secret"', (password) => {
    expect(authenticationProblem(simple('secret'), authenticationOf(simple(password)))).toBe(
      'authentication-failure',
    )
  })
})

describe('comparing in constant time', () => {
  it('sees every single differing bit', () => {
    const secret = authenticationOf(simple('abcdefgh')).data
    for (let bit = 0; bit < 64; bit++) {
      const other = Uint8Array.from(secret)
      other[bit >> 3] = (other[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      expect(isEqualInConstantTime(other, secret)).toBe(false)
    }
    expect(isEqualInConstantTime(Uint8Array.from(secret), secret)).toBe(true)
  })

  it('sees a difference in length, and one that is all zeros', () => {
    expect(isEqualInConstantTime(new Uint8Array(7), new Uint8Array(8))).toBe(false)
    expect(isEqualInConstantTime(new Uint8Array(9), new Uint8Array(8))).toBe(false)
  })
})
