import { describe, expect, it } from 'vitest'
import { didYouMean as asked, nearest as found, type Name } from './nearest.ts'

const named = (names: readonly string[]) => names.map((name): Name => [name, name])
const nearest = (wanted: string, names: readonly string[]) => found(wanted, named(names))
const didYouMean = (wanted: string, names: readonly string[]) => asked(wanted, named(names))

const SITES = ['north', 'south', 'paris', 'rome', 'frankfurt-2']

describe('nearest', () => {
  it.each([
    ['nroth', ['north']],
    ['noth', ['north']],
    ['northh', ['north']],
    ['sorth', ['north', 'south']],
    ['Paris', ['paris']],
    ['frankfrut-2', ['frankfurt-2']],
    ['fran', ['frankfurt-2']],
    ['rmoe', ['rome']],
    ['berlin', []],
    ['emor', []],
    ['', []],
    ['r', []],
  ])('of %s is %j', (wanted, expected) => {
    expect(nearest(wanted, SITES)).toEqual(expected)
  })

  it('is a letter that stands for another in a short name, and no more', () => {
    expect(nearest('lb9', ['lb1', 'lb2', 'db1'])).toEqual(['lb1', 'lb2'])
    expect(nearest('lx9', ['lb1'])).toEqual([])
    expect(nearest('ab', ['ac'])).toEqual([])
  })

  it('are three at most, by name, and each once', () => {
    expect(nearest('lb9', ['lb4', 'lb3', 'lb2', 'lb1', 'lb1'])).toEqual(['lb1', 'lb2', 'lb3'])
  })

  it('are shown as they are to be called, all that have the name', () => {
    const agents: readonly Name[] = [
      ['lb1', 'rome/lb1'],
      ['lb1', 'paris/lb1'],
      ['paris/lb1', 'paris/lb1'],
    ]
    expect(found('lb9', agents)).toEqual(['paris/lb1', 'rome/lb1'])
    expect(found('paris/lb9', agents)).toEqual(['paris/lb1'])
  })

  it('finds what was cut off by its beginning', () => {
    const ids = ['55a0a6eb-3659-49ac-bcad-420b6460502e', 'cacfd3b5-02d9-457d-a658-86e26fb6f2ef']
    expect(nearest('55a0a6eb-36', ids)).toEqual([ids[0]])
  })
})

it('asks in words', () => {
  expect(didYouMean('nroth', SITES)).toBe('; did you mean north?')
  expect(didYouMean('sorth', SITES)).toBe('; did you mean north or south?')
  expect(didYouMean('lb9', ['lb1', 'lb2', 'lb3'])).toBe('; did you mean lb1, lb2 or lb3?')
  expect(didYouMean('berlin', SITES)).toBe('')
})
