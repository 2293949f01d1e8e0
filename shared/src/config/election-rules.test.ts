/** keepalived-and-vrrp.md §1.5 and §2.12: the knobs of the election, what they refuse and what they mean. */
import { describe, expect, it } from 'vitest'
import { findings, written } from './config-text.fixture.ts'
import { loadAgentConfig } from './load-agent-config.ts'

function routerOf(more: string) {
  const loaded = loadAgentConfig(written({ more }))
  if (!('config' in loaded)) throw new Error(findings(written({ more })).join())
  return loaded.config.virtualRouters[0]
}

// biome-ignore format: one case a line
const cases: readonly (readonly [string, string, readonly string[]])[] = [
  ['no missed advertisement at all', '    missedAdvertisements: 0', ['7:27 error out-of-range missedAdvertisements must be a whole number from 1 to 100, not 0']],
  ['101 missed advertisements', '    missedAdvertisements: 101', ['7:27 error out-of-range missedAdvertisements must be a whole number from 1 to 100, not 101']],
  ['one missed advertisement', '    missedAdvertisements: 1', ['7:27 warning few-missed-advertisements missedAdvertisements 1: a single lost advertisement is a failover | write 2 or more']],
  ['answerLowerPriority: off', '    answerLowerPriority: off', ['7:26 error bad-value answerLowerPriority must be true or false, not "off" | write false without quotes']],
  ['an owner’s key without the owner', '    ownerIgnoresAdvertisements: true', ['7:33 warning owner-only ownerIgnoresAdvertisements has no effect: priority 100 does not own the addresses | remove it']],
  ['yieldAfterStall where we preempt', '    yieldAfterStall: 254', ['7:22 warning stall-preempt yieldAfterStall has no effect: a router that preempts takes its role back | write preempt: false, or remove it']],
  ['yieldAfterStall of an owner', '    preempt: false\n    yieldAfterStall: 255', ['8:22 error out-of-range yieldAfterStall must be a whole number from 1 to 254, not 255']],
  ['strict with authentication', '    strict: true\n    version: 2\n    authentication: { type: simple, password: s3cret }', ['9:21 error strict-authentication strict: the RFC has no authentication any more | remove authentication, or write strict: false']],
  ['strict with unicast', '    strict: true\n    unicast: { peers: [192.0.2.12] }', ['8:14 error strict-unicast strict: the RFC has no unicast | remove unicast, or write strict: false']],
  ['strict with a preempt delay', '    strict: true\n    preempt: { delay: 3s }', ['8:14 error strict-preempt-delay strict: the RFC has no preempt delay | remove preempt, or write strict: false']],
  ['strict with another down timer', '    strict: true\n    missedAdvertisements: 4', ['8:27 error strict-missed-advertisements strict: the RFC has 3 missed advertisements | remove missedAdvertisements, or write strict: false']],
  ['strict with an answer to lower priorities', '    strict: true\n    answerLowerPriority: true', ['8:26 error strict-answer-lower-priority strict: a lower priority is not answered | remove answerLowerPriority, or write strict: false']],
  ['strict with a last word', '    strict: true\n    speakBeforeYielding: true', ['8:26 error strict-speak-before-yielding strict: an active that is outranked says nothing more | remove speakBeforeYielding, or write strict: false']],
  ['strict with yieldAfterStall', '    strict: true\n    preempt: false\n    yieldAfterStall: 200', ['9:22 error strict-yield-after-stall strict: the RFC knows of no stall | remove yieldAfterStall, or write strict: false']],
  ['a startup delay without a unit', 'startupDelay: 10', ['7:15 error bad-value startupDelay must be 10s or { afterBoot: 60s }, not 10 | did you mean 10s?']],
]

describe('the knobs of the election', () => {
  it.each(cases)('%s', (_, more, expected) => {
    expect(findings(written({ more }))).toEqual(expected)
  })

  it('have the defaults of the RFC, but for the last word of an active that yields', () => {
    expect(routerOf('')).toMatchObject({
      missedAdvertisements: 3,
      answerLowerPriority: true,
      speakBeforeYielding: true,
      ownerIgnoresAdvertisements: false,
      compareAddressLists: true,
      yieldAfterStall: null,
      strict: false,
    })
  })

  it('strict: what keepalived’s strict mode turns off is off', () => {
    expect(routerOf('    strict: true')).toMatchObject({
      answerLowerPriority: false,
      speakBeforeYielding: false,
      announcements: { lowerPriorityRepeat: 0 },
    })
  })

  it('startupDelay counts from the start of the agent, or from that of the host', () => {
    const delayOf = (more: string) => {
      const loaded = loadAgentConfig(written({ more }))
      return 'config' in loaded ? loaded.config.startupDelay : null
    }
    expect(delayOf('')).toEqual({ afterStartMs: 0, afterBootMs: 0 })
    expect(delayOf('startupDelay: 10s')).toEqual({ afterStartMs: 10_000, afterBootMs: 0 })
    expect(delayOf('startupDelay: { afterBoot: 60s }')).toEqual({ afterStartMs: 0, afterBootMs: 60_000 })
  })
})
