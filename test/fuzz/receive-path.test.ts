import { expect, it } from 'vitest'
import { isRight } from './oracle.ts'
import { fuzzReceivePath } from './receive-path.ts'
import { EXAMPLES, target } from './targets.ts'

it('hostile packets never make the receive path throw, and move nothing (npm run fuzz takes more)', () => {
  const seed = Date.now() % 1_000_000
  const { discards } = fuzzReceivePath({ seed, cases: 150_000 })
  // Every check there is was reached: a fuzzer that stops at the first one shows nothing.
  const reached = [
    'truncated',
    'ip-header',
    'ip-ttl',
    'version',
    'type',
    'packet-length',
    'checksum',
    'zero-interval',
  ]
  const deeper = [
    'zero-count',
    'vrid',
    'family',
    'authentication-type',
    'authentication-failure',
    'destination',
    'source',
  ]
  const deepest = ['interval-mismatch', 'replay']
  for (const reason of [...reached, ...deeper, ...deepest])
    expect(discards[reason], `${reason} with seed ${seed}`).toBeGreaterThan(0)
})

it('what the fuzzer calls right does move them: they listen', () => {
  for (const example of EXAMPLES.filter(({ authenticated }) => authenticated === undefined)) {
    expect(isRight(example)).toBe(true)
    const { loop, state } = target('backup')
    const before = state()
    loop.datagram(example)
    expect(state()).not.toBe(before)
  }
})
