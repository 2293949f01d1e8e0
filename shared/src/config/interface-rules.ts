import { formatDuration, parseDuration } from '../time/duration.ts'
import type { Finding, Path } from './diagnostic.ts'
import { error, warning } from './finding.ts'
import type { Candidate } from './rules.ts'
import { resolveTracking } from './tracking-resolve.ts'
import type { TrackList } from './tracking-rules.ts'
import type { InterfaceDocument } from './tracking-schema.ts'

const DELAY_MAX_MS = 255_000
const MISSED_ADVERTISEMENTS = 3

/** What must hold between the settings of interfaces and the routers on them. keepalived's own: §1.3. */
export function interfaceFindings(
  interfaces: readonly InterfaceDocument[],
  { candidates, lists }: { readonly candidates: readonly Candidate[]; readonly lists: readonly TrackList[] },
): Finding[] {
  const tracking = lists.flatMap(({ lines }) => lines.flatMap((line) => line.interface ?? []))
  const used = new Set([...candidates.map(({ document }) => document.interface), ...tracking])
  return interfaces.flatMap((written, index) => {
    const path: Path = ['interfaces', index]
    if (interfaces.findIndex(({ name }) => name === written.name) !== index) {
      return [
        error({
          code: 'duplicate-name',
          message: `interface ${written.name} is already set above`,
          hint: 'join the two',
          path: [...path, 'name'],
        }),
      ]
    }
    const findings = delayFindings(written, { path, candidates })
    if (!used.has(written.name)) {
      const message = `no virtual router runs on ${written.name} or tracks it`
      findings.push(
        warning({ code: 'unused-interface', message, hint: 'remove it', path: [...path, 'name'] }),
      )
    }
    return findings
  })
}

function delayFindings(
  written: InterfaceDocument,
  { path, candidates }: { readonly path: Path; readonly candidates: readonly Candidate[] },
): Finding[] {
  const [delays] = resolveTracking({
    trackers: { scripts: [], files: [], processes: [] },
    interfaces: [written],
  }).interfaces
  if (delays === undefined) return []
  const findings = (['upDelay', 'downDelay'] as const).flatMap((key) => {
    const delayMs = delays[`${key}Ms`]
    if (delayMs <= DELAY_MAX_MS) return []
    const message = `${key} must be from 0s to 255s, not ${formatDuration(delayMs)}`
    return [error({ code: 'out-of-range', message, hint: null, path: [...path, key] })]
  })
  // A router that is silent for longer than its backups wait would be succeeded while it still holds its addresses.
  const tight = candidates.filter(
    ({ document }) => document.interface === written.name && delays.downDelayMs > 0,
  )
  for (const { document } of tight) {
    const limitMs = patienceMs(document)
    if (delays.downDelayMs < limitMs) continue
    const message = `downDelay ${formatDuration(delays.downDelayMs)} is as long as the backups of ${document.name} wait for it; they take over within ${formatDuration(limitMs)}`
    findings.push(
      error({
        code: 'down-delay-too-long',
        message,
        hint: `less than ${formatDuration(limitMs)}`,
        path: [...path, 'downDelay'],
      }),
    )
    break
  }
  return findings
}

/** keepalived-and-vrrp.md §1.3: the down delay must be shorter than (missed advertisements − 1) × interval. */
function patienceMs(document: Candidate['document']): number {
  const missed =
    'missedAdvertisements' in document ? Number(document.missedAdvertisements) : MISSED_ADVERTISEMENTS
  return (missed - 1) * (parseDuration(document.advertisementInterval) ?? 0)
}
