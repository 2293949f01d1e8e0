import { formatDuration } from '../time/duration.ts'
import type { VirtualRouterConfig } from './agent-config.ts'
import type { RouterFinding } from './rules.ts'

/** VRRPv3 carries centiseconds in 12 bits (RFC 9568 §5.2.7), VRRPv2 whole seconds in 8 (RFC 3768 §5.3.7). */
const V3 = { stepMs: 10, maxMs: 40_950 } as const
const V2 = { stepMs: 1_000, maxMs: 255_000 } as const

/** Below this, three missed advertisements are soon lost to an ordinary pause of a busy host. */
const SHORT_MS = 30

export function intervalRules({
  version,
  advertisementIntervalMs: ms,
}: VirtualRouterConfig): RouterFinding[] {
  const place = { key: ['advertisementInterval'], at: 'value' } as const
  const { stepMs, maxMs } = version === 2 ? V2 : V3
  if (ms < stepMs || ms > maxMs || ms % stepMs !== 0) {
    const range = version === 2 ? 'whole seconds from 1s to 255s' : '10ms to 40.95s in steps of 10ms'
    const message = `advertisementInterval must be ${range} in VRRP version ${version}, not ${formatDuration(ms)}`
    return [{ severity: 'error', code: 'interval-range', message, hint: remedy(version, ms), ...place }]
  }
  if (ms >= SHORT_MS) return []
  const message = `advertisementInterval ${formatDuration(ms)}: a pause of ${formatDuration(3 * ms)} on the active host is a failover`
  const hint =
    ms === V3.stepMs
      ? '10ms is the shortest there is; use it only where the agent may run under SCHED_FIFO'
      : '30ms or more is safer on a busy host'
  return [{ severity: 'warning', code: 'short-interval', message, hint, ...place }]
}

function remedy(version: 2 | 3, ms: number): string {
  const { stepMs, maxMs } = version === 2 ? V2 : V3
  const near = Math.min(maxMs, Math.max(stepMs, Math.round(ms / stepMs) * stepMs))
  const other = version === 2 && ms % V3.stepMs === 0 && ms <= V3.maxMs ? ', or version: 3' : ''
  return `write ${formatDuration(near)}${other}`
}
