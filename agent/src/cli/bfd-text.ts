/** What BFD sees, as people read it. */
import { formatDuration } from '@aloft/shared/time/duration'
import type { BfdSessionStatus, BfdStatus } from '../router/loop/bfd-status.ts'

/** Empty where there is nothing to say. */
export function bfdLines(status: BfdStatus | undefined, ago: (wallMs: number) => string): string[] {
  if (status === undefined) return []
  const deaf = Object.entries(status.deaf).map(([where, why]) => `✕ no BFD is heard (${where}): ${why}`)
  const alarms =
    status.falseAlarms > 0 ? [`! BFD took a living active for lost: ${status.falseAlarms} times`] : []
  return [...status.sessions.map((each) => sessionLine(each, ago)), ...deaf, ...alarms]
}

function sessionLine(session: BfdSessionStatus, ago: (wallMs: number) => string): string {
  const { name, state, remote, diagnostic, transmitMs, detectionMs, distrustedMs } = session
  const over = session.interface === null ? '' : ` on ${session.interface}`
  const what = name === null ? `pairing with ${remote}${over}` : `${name} with ${remote}${over}`
  const timing =
    state === 'up' && transmitMs !== null && detectionMs !== null
      ? `, every ${shown(transmitMs)}, lost after ${shown(detectionMs)}`
      : ''
  const why = state === 'up' || diagnostic === 'none' ? '' : ` (${diagnostic})`
  const doubt = distrustedMs > 0 ? `; not believed for ${shown(distrustedMs)} after a false alarm` : ''
  return `bfd ${state === 'up' ? '●' : '○'} ${what}: ${state} for ${ago(session.sinceWallMs)}${why}${timing}${doubt}`
}

function shown(ms: number): string {
  return formatDuration(Math.round(ms))
}
