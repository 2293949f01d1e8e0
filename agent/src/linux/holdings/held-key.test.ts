import type { Route, RoutingRule } from '@aloft/shared/config/holdings-config'
import { knownAddress } from '@aloft/shared/network/address'
import { parsePrefix } from '@aloft/shared/network/prefix'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeMessages } from '../rtnetlink.ts'
import { keyOfNotice } from './held-key.ts'
import { encodeRoute } from './route-request.ts'
import { encodeRule } from './rule-request.ts'

function prefix(text: string) {
  const parsed = parsePrefix(text)
  if (parsed === null) throw new Error(text)
  return parsed
}

const anyPrefix = fc
  .tuple(fc.uint8Array({ minLength: 4, maxLength: 4 }), fc.integer({ min: 0, max: 32 }))
  .map(([bytes, length]) => prefix(`${bytes.join('.')}/${length}`))
const anyRoute = fc.record({ to: anyPrefix, table: fc.constantFrom(254, 100, 1000), metric: fc.nat(9) })
const anyRule = fc.record({
  ...{ from: anyPrefix, priority: fc.integer({ min: 1, max: 32_765 }), not: fc.boolean() },
  ...{ table: fc.constantFrom(100, 1000), mark: fc.record({ value: fc.nat(9), mask: fc.nat(255) }) },
})

const ROUTE = { family: 'ipv4', type: 'unicast', tos: 0, protocol: 112, place: 'prepend' } as const
const route = (some: Pick<Route, 'to' | 'table' | 'metric'>) =>
  encodeRoute('add', { ...ROUTE, ...some }, () => 7)
const rule = (some: Partial<RoutingRule>) =>
  encodeRule('add', { family: 'ipv4', action: 'table', priority: 5, table: 100, protocol: 112, ...some })

function keyOf(message: Uint8Array): string | null {
  const [read] = decodeMessages(message)
  return read?.kind === 'route' || read?.kind === 'rule' ? keyOfNotice(read) : null
}

describe('what a route or rule is known by', () => {
  it('is the same for the same, whoever encodes it, and another for another', () => {
    fc.assert(
      fc.property(anyRoute, anyRoute, (one, other) => {
        const isSame = JSON.stringify(one) === JSON.stringify(other)
        expect(keyOf(route(one)) === keyOf(route(other))).toBe(isSame)
      }),
      { seed: 14 },
    )
    fc.assert(
      fc.property(anyRule, anyRule, (one, other) => {
        const isSame = JSON.stringify(one) === JSON.stringify(other)
        expect(keyOf(rule(one)) === keyOf(rule(other))).toBe(isSame)
      }),
      { seed: 15 },
    )
  })

  it('does not change with the gateway, which the kernel may name otherwise, nor when it is removed', () => {
    const to = prefix('198.51.100.0/24')
    const plain: Route = { ...ROUTE, to, table: 254, metric: 0 }
    const behind: Route = { ...plain, via: knownAddress('192.0.2.254'), device: 'eth0' }
    expect(keyOf(encodeRoute('add', behind, () => 3))).toBe(keyOf(route(plain)))
    expect(keyOf(encodeRoute('remove', behind, () => 3))).toBe(keyOf(route(plain)))
  })

  it('is not that of a route which somebody else put in its place', () => {
    const to = prefix('198.51.100.0/24')
    const ours = keyOf(route({ to, table: 254, metric: 0 }))
    const bytes = route({ to, table: 254, metric: 0 })
    bytes[16 + 5] = 3
    expect(keyOf(bytes)).not.toBe(ours)
  })

  it('a message cut short or with a bit turned over never throws, and is never taken for what it is not', () => {
    const whole = [
      route({ to: prefix('198.51.100.0/24'), table: 1000, metric: 5 }),
      rule({ from: prefix('192.0.2.0/24') }),
    ]
    for (const bytes of whole) {
      for (let length = 0; length < bytes.length; length++)
        expect(decodeMessages(bytes.subarray(0, length))).toEqual([])
      for (let bit = 0; bit < 8 * bytes.length; bit++) {
        const turned = bytes.slice()
        turned[bit >> 3] = (turned[bit >> 3] ?? 0) ^ (1 << (bit & 7))
        expect(() => keyOf(turned)).not.toThrow()
      }
    }
  })
})
