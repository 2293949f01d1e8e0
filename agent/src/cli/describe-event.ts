import type { Event } from '@aloft/shared/api/schemas'
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
    case 'link':
      return `${body.interface} is ${body.up ? 'up' : 'down'}`
    case 'config':
      return `config ${body.revision} ${body.outcome}${body.detail === null ? '' : `: ${body.detail}`}`
    case 'gap':
      return `${body.count ?? 'unknown number of'} events lost: ${body.cause}`
  }
}
