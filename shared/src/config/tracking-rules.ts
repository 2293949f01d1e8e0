import type { Finding, Path } from './diagnostic.ts'
import { type Draft, error, warning } from './finding.ts'
import { interfaceFindings } from './interface-rules.ts'
import { nearest } from './nearest.ts'
import type { Candidate } from './rules.ts'
import { trackerFindings } from './tracker-rules.ts'
import type { TrackedKind, TrackReference } from './tracking-config.ts'
import { resolveTrack, type TrackerDefaults, tracked, trackerDefaults } from './tracking-resolve.ts'
import {
  type InterfaceDocument,
  type TrackDocument,
  type TrackersDocument,
  trackingKeys,
} from './tracking-schema.ts'

const OWNER = 255
const WEIGHT_MAX = 253
const WHAT: Readonly<Record<TrackedKind, string>> = {
  interface: 'interface',
  script: 'script',
  file: 'file',
  process: 'process',
  bfd: 'bfd session',
}

/** The names there are of each kind of tracker; null where anything may be named, or where the list itself is unsound. */
export type KnownTrackers = Readonly<Record<TrackedKind, readonly string[] | null>>

/** One list of references: a virtual router's, or a sync group's. */
export interface TrackList {
  readonly path: Path
  readonly lines: TrackDocument
}

/** What a document says of trackers, as far as its parts are sound. */
interface Written {
  readonly trackers: TrackersDocument | null
  readonly interfaces: readonly InterfaceDocument[] | null
  readonly bfd: readonly string[]
  /** How many there are, sound or not. */
  readonly routers: number
}

/** What must hold between trackers, those who follow them, and the interfaces. keepalived's own: §1.3, §1.9. */
export function trackingRules(
  value: unknown,
  candidates: readonly Candidate[],
  others: readonly TrackList[] = [],
): Finding[] {
  const written = read(typeof value === 'object' && value !== null ? { ...value } : {})
  const lists = [
    ...candidates.map(({ index, document }) => ({
      path: ['virtualRouters', index, 'track'],
      lines: document.track,
    })),
    ...others,
  ]
  return [
    ...(written.trackers ? trackerFindings(written.trackers) : []),
    ...lists.flatMap((list) => listFindings(list, known(written))),
    // An unsound router may track anything.
    ...(written.routers === candidates.length ? unusedTrackers(written, lists) : []),
    ...candidates.flatMap((candidate) => routerFindings(candidate, written)),
    ...(written.interfaces ? interfaceFindings(written.interfaces, { candidates, lists }) : []),
  ]
}

function read(value: Readonly<Record<string, unknown>>): Written {
  const trackers = trackingKeys.trackers.safeParse(value['trackers'])
  const interfaces = trackingKeys.interfaces.safeParse(value['interfaces'])
  return {
    trackers: trackers.success ? trackers.data : null,
    interfaces: interfaces.success ? interfaces.data : null,
    bfd: namesIn(value['bfd']),
    routers: Array.isArray(value['virtualRouters']) ? value['virtualRouters'].length : 0,
  }
}

function namesIn(list: unknown): string[] {
  if (!Array.isArray(list)) return []
  return list.flatMap((item: unknown) =>
    typeof item === 'object' && item !== null && 'name' in item && typeof item.name === 'string'
      ? [item.name]
      : [],
  )
}

function known({ trackers, bfd }: Written): KnownTrackers {
  return {
    interface: null,
    script: trackers?.scripts.map(({ name }) => name) ?? null,
    file: trackers?.files.map(({ name }) => name) ?? null,
    process: trackers?.processes.map(({ name }) => name) ?? null,
    bfd,
  }
}

function listFindings({ path, lines }: TrackList, names: KnownTrackers): Finding[] {
  const seen = new Set<string>()
  return lines.flatMap((line, index) => {
    const { kind, name } = tracked(line)
    const place = [...path, index, kind]
    const findings: Finding[] = []
    if (seen.has(`${kind} ${name}`)) {
      const message = `${WHAT[kind]} ${name} is tracked twice here`
      findings.push(error({ code: 'duplicate-track', message, hint: 'keep one of the two', path: place }))
    }
    seen.add(`${kind} ${name}`)
    const defined = names[kind]
    if (defined !== null && !defined.includes(name))
      findings.push(unknownTracker(kind, name, { defined, place }))
    if (kind !== 'file' && Math.abs(line.weight ?? 0) > WEIGHT_MAX) {
      const message = `weight must be a whole number from -253 to 253, not ${line.weight}`
      findings.push(error({ code: 'out-of-range', message, hint: null, path: [...path, index, 'weight'] }))
    }
    return findings
  })
}

/** keepalived drops the line and goes on without the check; a check that is not there must not look like one that is well. */
function unknownTracker(
  kind: TrackedKind,
  name: string,
  { defined, place }: { readonly defined: readonly string[]; readonly place: Path },
): Finding {
  const meant = nearest(name, defined)
  const list = kind === 'bfd' ? 'bfd' : `trackers.${kind === 'process' ? 'processes' : `${kind}s`}`
  const hint = meant === null ? `define it under ${list}` : `did you mean ${meant}?`
  return error({ code: 'unknown-tracker', message: `there is no ${WHAT[kind]} ${name}`, hint, path: place })
}

/** A tracker nobody follows is not run at all. */
function unusedTrackers({ trackers }: Written, lists: readonly TrackList[]): Finding[] {
  if (trackers === null) return []
  const used = new Set(
    lists.flatMap(({ lines }) => lines.map((line) => Object.values(tracked(line)).join(' '))),
  )
  const all = [
    ...trackers.scripts.map(({ name }, index) => ({ kind: 'script', list: 'scripts', name, index })),
    ...trackers.files.map(({ name }, index) => ({ kind: 'file', list: 'files', name, index })),
    ...trackers.processes.map(({ name }, index) => ({ kind: 'process', list: 'processes', name, index })),
  ]
  return all.flatMap(({ kind, list, name, index }) => {
    if (used.has(`${kind} ${name}`)) return []
    const message = `${kind} ${name} is tracked by no virtual router; it is not watched`
    return [
      warning({
        code: 'unused-tracker',
        message,
        hint: `remove it, or add \`track: [{ ${kind}: ${name} }]\``,
        path: ['trackers', list, index, 'name'],
      }),
    ]
  })
}

function routerFindings({ index, document }: Candidate, { trackers }: Written): Finding[] {
  const defaults: TrackerDefaults = trackers ? trackerDefaults(trackers) : new Map()
  const references = resolveTrack(document.track, defaults)
  return references.flatMap((reference, line) => {
    const path = ['virtualRouters', index, 'track', line]
    const finding = weightFinding(reference, document)
    return [
      ...(finding ? [warning({ ...finding, path })] : []),
      ...ownInterface(reference, { document, path }),
    ]
  })
}

function weightFinding(
  { kind, name, weight }: TrackReference,
  { priority, preempt }: Candidate['document'],
): Omit<Draft, 'path'> | null {
  if (weight === 0) return null
  if (priority === OWNER) {
    const message = `priority 255 owns the addresses and never changes; the weight of ${kind} ${name} is ignored`
    return { code: 'owner-weight', message, hint: 'write weight: 0, or a priority of 254 or less' }
  }
  if (preempt !== false) return null
  const message = `preempt is false: the weight of ${kind} ${name} lowers or raises the priority, but this router never takes over from one whose priority has fallen`
  return { code: 'weight-without-preempt', message, hint: 'write weight: 0, or preempt: true' }
}

function ownInterface(
  { kind, name, weight }: TrackReference,
  { document, path }: { readonly document: Candidate['document']; readonly path: Path },
): Finding[] {
  if (kind !== 'interface' || name !== document.interface || !document.trackPrimary || weight !== 0) return []
  const message = `${name} is the router’s own interface, which it tracks anyway`
  return [warning({ code: 'tracks-own-interface', message, hint: 'remove the line', path })]
}
