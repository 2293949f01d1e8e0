import type { RouterFinding } from './rules.ts'
import type { VirtualRouterDocument } from './schema.ts'

const OWNER = 255

/** What must hold between the keys of `election-config.ts` and others. */
export function electionRules(document: VirtualRouterDocument): readonly RouterFinding[] {
  return [...strictRules(document), ...idleKeys(document), ...fewMissed(document)]
}

/** Keys that have no effect as the rest is written. */
function idleKeys({
  priority,
  preempt,
  yieldAfterStall,
  ownerIgnoresAdvertisements,
}: VirtualRouterDocument): readonly RouterFinding[] {
  const findings: RouterFinding[] = []
  if (ownerIgnoresAdvertisements && priority !== OWNER) {
    const message = `ownerIgnoresAdvertisements has no effect: priority ${priority} does not own the addresses`
    findings.push(warning('owner-only', ['ownerIgnoresAdvertisements'], message, 'remove it'))
  }
  if (yieldAfterStall !== undefined && (preempt !== false || priority === OWNER)) {
    const message = 'yieldAfterStall has no effect: a router that preempts takes its role back'
    findings.push(
      warning('stall-preempt', ['yieldAfterStall'], message, 'write preempt: false, or remove it'),
    )
  }
  return findings
}

function fewMissed({ missedAdvertisements }: VirtualRouterDocument): readonly RouterFinding[] {
  if (missedAdvertisements > 1) return []
  const message = 'missedAdvertisements 1: a single lost advertisement is a failover'
  return [warning('few-missed-advertisements', ['missedAdvertisements'], message, 'write 2 or more')]
}

/** keepalived-and-vrrp.md §2.12, `strict`. keepalived changes what is written; here it is refused, so that what runs is what is written. */
function strictRules(document: VirtualRouterDocument): readonly RouterFinding[] {
  if (!document.strict) return []
  const { authentication, preempt, missedAdvertisements, yieldAfterStall } = document
  const findings: RouterFinding[] = []
  const refuse = (what: string, key: RouterFinding['key'], message: string) =>
    findings.push({
      severity: 'error',
      code: `strict-${what}`,
      message: `strict: ${message}`,
      hint: `remove ${key.join('.')}, or write strict: false`,
      key,
      at: 'value',
    })
  if (authentication !== undefined)
    refuse('authentication', ['authentication'], 'the RFC has no authentication any more')
  if (document.unicast !== undefined) refuse('unicast', ['unicast'], 'the RFC has no unicast')
  if (typeof preempt !== 'boolean') refuse('preempt-delay', ['preempt'], 'the RFC has no preempt delay')
  if (missedAdvertisements !== 3)
    refuse('missed-advertisements', ['missedAdvertisements'], 'the RFC has 3 missed advertisements')
  if (document.answerLowerPriority === true)
    refuse('answer-lower-priority', ['answerLowerPriority'], 'a lower priority is not answered')
  if (document.speakBeforeYielding === true)
    refuse('speak-before-yielding', ['speakBeforeYielding'], 'an active that is outranked says nothing more')
  if (yieldAfterStall !== undefined)
    refuse('yield-after-stall', ['yieldAfterStall'], 'the RFC knows of no stall')
  return findings
}

function warning(code: string, key: RouterFinding['key'], message: string, hint: string): RouterFinding {
  return { severity: 'warning', code, message, hint, key, at: 'value' }
}
