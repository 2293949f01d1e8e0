import type { Agent } from '@aloft/shared/api/schemas'

export const AT = '2026-11-28T08:00:00.000Z'

/** An agent of paris, as the centre would tell of it. */
export function madeUpAgent(node: string, state: Agent['state']): Agent {
  const seen = { connectedSince: null, lastSeenAt: AT, clock: null, spoolBacklog: null, routerAlive: null }
  const key = { keyFingerprint: 'SHA256:x', keySince: AT, keyRotationAsked: false, credentialExpiresAt: null }
  const is = { evidence: null, software: null, enrolledAt: AT, enrolledFrom: null, labels: {}, reason: null }
  return { id: node, site: 'paris', node, state, ...is, ...seen, ...key }
}
