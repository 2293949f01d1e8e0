import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { canonicalJson } from './canonical-json.ts'

describe('canonical JSON', () => {
  it('sorts keys at every depth and leaves out undefined', () => {
    expect(canonicalJson({ b: [{ d: 1, c: null }], a: undefined, Z: 'é"' })).toBe(
      '{"Z":"é\\"","b":[{"c":null,"d":1}]}',
    )
  })

  it('is the same text for the same members in another order, and means the same value', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => {
        const reversed = Object.fromEntries(Object.entries(value).reverse())
        const normal: unknown = JSON.parse(JSON.stringify(value))
        expect(canonicalJson(reversed)).toBe(canonicalJson(value))
        expect(JSON.parse(canonicalJson(value))).toEqual(normal)
      }),
    )
  })

  it.each([[Number.NaN], [Number.POSITIVE_INFINITY], [1n], [() => 1]])('refuses %s', (value) => {
    expect(() => canonicalJson({ value })).toThrow(TypeError)
  })
})
