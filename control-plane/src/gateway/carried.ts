/** What of a session goes to the agent and back between two requests, sealed. */
import type { Standstill } from './connection.ts'
import type { SessionLimits } from './machine.ts'
import { seal, sealedWith, unseal } from './seal.ts'
import type { SealKeys } from './seal-keys.ts'

export interface Carried extends Standstill {
  /** The last one that is in it: what the agent says next is the turn after. */
  readonly turn: number
}

/** To be raised when what is carried changes its shape: what another release sealed is not read, and begins anew. */
const FORMAT = 2

export async function sealCarried(keys: SealKeys, { turn, session, agent }: Carried): Promise<string> {
  const { limits: _, ...remembered } = session
  return seal(await keys.newest(), { format: FORMAT, turn, session: remembered, agent })
}

/** Null: not sealed by this centre, or too long ago. */
export async function unsealCarried(
  keys: SealKeys,
  sealed: string,
  limits: SessionLimits,
): Promise<Carried | null> {
  const id = sealedWith(sealed)
  const key = id === null ? null : await keys.byId(id)
  const value = key === null ? null : unseal(key, sealed)
  if (!isCarried(value)) return null
  const { turn, session, agent } = value
  return { turn, session: { ...session, limits }, agent }
}

/** What the key proves to be ours has the shape we gave it, if its format is the one we speak. */
function isCarried(value: unknown): value is Carried & { readonly format: number } {
  return typeof value === 'object' && value !== null && 'format' in value && value.format === FORMAT
}
