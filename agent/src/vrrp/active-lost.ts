/** What a backup makes of being told that its active is gone, before the advertisements say so by their absence. */
import type { Address } from '@aloft/shared/network/address'
import type { BackupState, Milliseconds } from './virtual-router.ts'

/** BFD has lost the router at that address. */
export interface ActiveLost {
  readonly source: Address
  /** How long it must have been silent: an advertisement heard since is a sign of life like any other. */
  readonly silentMs: Milliseconds
  /** Puts the best of several backups first. */
  readonly skewMs: Milliseconds
}

/** As if Active_Down_Timer were to end then (RFC 9568 §6.4.2); never later than it would by itself. */
export function loseActive(state: BackupState, lost: ActiveLost, now: Milliseconds): BackupState {
  const { lastHeard } = state
  if (lastHeard?.source !== lost.source || state.resigned) return state
  const downAt = Math.max(now, lastHeard.at + lost.silentMs) + lost.skewMs
  return downAt < state.activeDownAt ? { ...state, activeDownAt: downAt, lostBy: 'bfd' } : state
}
