import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { editDistance, nearest } from './nearest.ts'

describe('the edit distance', () => {
  it.each([
    ['', '', 0],
    ['vrid', 'vrid', 0],
    ['vird', 'vrid', 1],
    ['vrd', 'vrid', 1],
    ['vriid', 'vrid', 1],
    ['vrib', 'vrid', 1],
    ['', 'vrid', 4],
    ['ca', 'abc', 3],
  ])('of %s and %s is %i', (left, right, distance) => expect(editDistance(left, right)).toBe(distance))

  it('is symmetric, and zero only for equal words', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 8 }), fc.string({ maxLength: 8 }), (left, right) => {
        expect(editDistance(left, right)).toBe(editDistance(right, left))
        expect(editDistance(left, right) === 0).toBe(left === right)
      }),
    )
  })
})

describe('the nearest word', () => {
  it.each([
    ['adresses', 'addresses'],
    ['Interface', 'interface'],
    ['advert_int', null],
    ['4', null],
    ['colour', null],
  ])('to %s is %s', (word, expected) => {
    expect(nearest(word, ['addresses', 'interface', 'vrid', '2', 'advertisementInterval'])).toBe(expected)
  })
})
