import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { countedLink, type DelayedLink, seeLink, settleLink } from './link-delay.ts'

const delays = { upDelayMs: 3000, downDelayMs: 500 }
const state = (up: boolean) => ({ up, ipv4: null, ipv6: null })

describe('keepalived-and-vrrp.md §1.3: interface_up_down_delays', () => {
  it('what is seen first counts at once', () => {
    expect(seeLink(delays, null, { seen: state(true), now: 0 }).up).toBe(true)
    expect(seeLink(delays, null, { seen: null, now: 0 }).up).toBe(false)
  })

  it('counts from the first sight of a change, however often it is seen again', () => {
    let link = seeLink(delays, null, { seen: state(true), now: 0 })
    link = seeLink(delays, link, { seen: state(false), now: 100 })
    link = seeLink(delays, link, { seen: state(false), now: 400 })
    expect(link.settlesAt).toBe(600)
    expect(settleLink(link, 599)).toBe(link)
    expect(settleLink(link, 600)).toMatchObject({ up: false, settlesAt: null })
  })

  it('shows everything else of the link as it is', () => {
    const before = seeLink(delays, null, { seen: state(true), now: 0 })
    const after = seeLink(delays, before, { seen: { ...state(false), others: [] }, now: 1 })
    expect(countedLink(after)).toEqual({ ...state(true), others: [] })
  })

  it('an interface that appears is up after the up delay', () => {
    const gone = seeLink(delays, null, { seen: null, now: 0 })
    expect(seeLink(delays, gone, { seen: state(true), now: 10 })).toMatchObject({
      up: false,
      settlesAt: 3010,
    })
  })

  it('never counts as another state than the one it was in for the whole delay before', () => {
    const looks = fc.array(fc.record({ up: fc.boolean(), after: fc.integer({ min: 1, max: 2000 }) }))
    fc.assert(
      fc.property(looks, (steps) => {
        let link: DelayedLink = seeLink(delays, null, { seen: state(true), now: 0 })
        let now = 0
        let since = 0
        for (const { up, after } of steps) {
          const until = now + after
          const settled = settleLink(link, until)
          if (settled.up !== link.up) {
            expect(settled.up).toBe(link.seen?.up)
            expect(until - since).toBeGreaterThanOrEqual(settled.up ? 3000 : 500)
          }
          now = until
          if (up !== link.seen?.up) since = now
          link = seeLink(delays, settled, { seen: state(up), now })
        }
      }),
    )
  })
})
