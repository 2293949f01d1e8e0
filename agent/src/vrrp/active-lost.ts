/** What a backup makes of being told that its active is gone, before the advertisements say so by their absence. */
import type { Address } from '@aloft/shared/network/address'
import { activeDownInterval } from './intervals.ts'
import type { BackupState, Milliseconds, Parameters } from './virtual-router.ts'

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

/** It was there all along: its advertisements decide again, from the last one heard on (RFC 9568 §6.1). */
export function findActive(
  parameters: Parameters,
  state: BackupState,
  { source, now }: { readonly source: Address; readonly now: Milliseconds },
): BackupState {
  const { lastHeard, lostBy, resigned, activeIntervalMs } = state
  if (lostBy === undefined || lastHeard?.source !== source || resigned) return state
  const { lostBy: _, ...found } = state
  const activeDownAt = lastHeard.at + activeDownInterval(parameters, activeIntervalMs)
  return { ...found, activeDownAt, isWilling: state.isWilling && now >= activeDownAt }
}
