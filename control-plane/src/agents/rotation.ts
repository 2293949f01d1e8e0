/** An agent's key is to be followed by a new one when somebody asked for it, or when it is old. */

/** 90 days: the time after which a key somebody may have copied unnoticed is worth nothing. */
export const KEY_AGE_MS = 90 * 86_400_000

export function isRotationDue(
  agent: { readonly keySinceMs: number; readonly rotateRequestedAtMs: number | null },
  nowMs: number,
): boolean {
  return agent.rotateRequestedAtMs !== null || nowMs - agent.keySinceMs > KEY_AGE_MS
}
