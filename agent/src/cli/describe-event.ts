import type { Event } from '@aloft/client/api.generated'
import type { LanBody } from '@aloft/shared/protocol/events'
import { FINDINGS } from './finding-words.ts'
import { showInstant, showOutage } from './instant.ts'
import { printable } from './table.ts'

/** An event as one line for people: when (UTC, corrected), where, what. */
export function describeEvent({ occurredAt, site, node, late, body }: Event): string {
  const line = `${showInstant(occurredAt)}  ${site}/${node}  ${describeBody(body)}`
  return printable(late ? `${line} (arrived late)` : line)
}

/** What was observed, without when and where. */
export function describeBody(body: Event['body']): string {
  switch (body.kind) {
    case 'transition': {
      const outage = body.outageMs === null ? '' : `, outage ${showOutage(body.outageMs)}`
      return `${body.virtualRouter} (vrid ${body.vrid}) ${body.from} → ${body.to} on ${body.interface}: ${body.reason}${outage}`
    }
    case 'resumed':
      return `${body.virtualRouter} (vrid ${body.vrid}) resumed as ${body.role} after ${showOutage(body.gapMs)}`
    case 'process':
      return `${body.process} ${body.what}${body.detail === null ? '' : `: ${body.detail}`}`
    case 'protocol-error': {
      const times = body.count === 1 ? '' : `, ${body.count} times in ${showOutage(body.windowMs)}`
      return `${body.interface}: advertisement from ${body.source ?? 'unknown'} discarded: ${body.reason}${times}`
    }
    case 'bfd': {
      const { local, remote, interface: over, diagnostic, detectionMs } = body
      const name = body.session ?? `with ${remote}${over === null ? '' : ` on ${over}`}`
      const silence = detectionMs === null ? '' : ` (${showOutage(detectionMs)})`
      const ends = body.session === null ? '' : `, ${local ?? 'any'} → ${remote}`
      const why = body.to === 'up' ? silence : `: ${diagnostic}${silence}`
      return `bfd ${name} ${body.from} → ${body.to}${ends}${why}${body.activeLost ? '; the active is lost' : ''}`
    }
    case 'false-alarm':
      return `${body.remote} on ${body.interface} was not lost: heard ${showOutage(body.heardAfterMs)} later; two actives for ${showOutage(body.twoActivesMs)} (virtual routers: ${body.virtualRouters}); its session is not believed for ${showOutage(body.distrustedMs)}`
    case 'link':
      return `${body.interface} is ${body.up ? 'up' : 'down'}`
    case 'priority':
      return `${body.virtualRouter} (vrid ${body.vrid}) priority ${body.from} → ${body.to} as ${body.role}${body.why === '' ? '' : `: ${body.why}`}`
    case 'tracker':
      return `${body.tracker} ${body.name} is ${body.state}: ${body.why}`
    case 'config':
      return `config ${body.revision} ${body.outcome}${body.detail === null ? '' : `: ${body.detail}`}`
    case 'lan':
      return describeFinding(body)
    case 'notification-failed': {
      const about = body.about === null ? '' : ` about ${body.about}`
      const times = body.count === 1 ? '' : ` (${body.count} times)`
      return `could not notify ${body.channel}${about}${times}: ${body.detail}`
    }
    case 'stall':
      return `stalled: ${showOutage(body.lateMs)} late, longer than the peers of ${body.virtualRouters} virtual routers wait`
    case 'holding-lost': {
      const by = body.byPort === null ? '' : ` by netlink port ${body.byPort}`
      const of = body.virtualRouter ?? 'the node'
      return `${of} lost ${body.items.join(', ')}${timesOf(body)}: ${body.cause}${by}; ${body.response}`
    }
    case 'holding-refused': {
      const remedy = body.remedy === null ? '' : ` (${body.remedy})`
      return `${body.of} ${body.what} of ${body.virtualRouter ?? 'the node'}${timesOf(body)}: ${body.error}${remedy}`
    }
    case 'gap':
      return `${body.count ?? 'unknown number of'} events lost: ${body.cause}`
  }
}

function describeFinding({ finding, interface: name, vrid, virtualRouter, ...body }: LanBody): string {
  const whose =
    virtualRouter === null ? (vrid === null ? '' : ` vrid ${vrid}`) : ` ${virtualRouter} (vrid ${vrid})`
  const evidence = Object.entries(body.evidence).map(([key, value]) => `${key} ${value}`)
  const shown = evidence.length === 0 ? '' : ` (${evidence.join(', ')})`
  const times = body.count === 1 ? '' : `, ${body.count} times in ${showOutage(body.windowMs)}`
  return `${name}:${whose} ${body.source} ${FINDINGS[finding]}${shown}${times}`
}

function timesOf({ count, windowMs }: { readonly count: number; readonly windowMs: number }): string {
  return windowMs === 0 ? '' : ` (${count} in ${showOutage(windowMs)})`
}
