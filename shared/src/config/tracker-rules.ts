import { formatDuration } from '../time/duration.ts'
import type { Finding, Path } from './diagnostic.ts'
import { error, warning } from './finding.ts'
import { resolveTracking } from './tracking-resolve.ts'
import type { TrackersDocument } from './tracking-schema.ts'

/** TASK_COMM_LEN is 16 with the closing NUL: the kernel keeps no more of a name. */
const COMM_BYTES = 15
const INTERVAL = { minMs: 10, maxMs: 86_400_000 }

/** What must hold inside each tracker, and between those of a kind. keepalived's own: §1.9. */
export function trackerFindings(trackers: TrackersDocument): Finding[] {
  const { scripts, files, processes } = trackers
  return [
    ...repeatedNames('scripts', scripts),
    ...repeatedNames('files', files),
    ...repeatedNames('processes', processes),
    ...scriptFindings(trackers),
    ...fileFindings(trackers),
    ...processFindings(trackers),
  ]
}

function repeatedNames(list: string, items: readonly { readonly name: string }[]): Finding[] {
  return items.flatMap(({ name }, index) => {
    if (items.findIndex((each) => each.name === name) === index) return []
    const path = ['trackers', list, index, 'name']
    return [
      error({
        code: 'duplicate-name',
        message: `the name ${name} is already used in ${list}`,
        hint: 'give each its own name',
        path,
      }),
    ]
  })
}

function scriptFindings(trackers: TrackersDocument): Finding[] {
  return resolveTracking({ trackers, interfaces: [] }).trackers.scripts.flatMap((script, index) => {
    const at = (key: string): Path => ['trackers', 'scripts', index, key]
    const { intervalMs, timeoutMs } = script
    if (intervalMs < INTERVAL.minMs || intervalMs > INTERVAL.maxMs) {
      return [
        error({
          code: 'out-of-range',
          message: `interval must be from 10ms to 24h, not ${formatDuration(intervalMs)}`,
          hint: null,
          path: at('interval'),
        }),
      ]
    }
    if (timeoutMs < INTERVAL.minMs || timeoutMs > INTERVAL.maxMs) {
      return [
        error({
          code: 'out-of-range',
          message: `timeout must be from 10ms to 24h, not ${formatDuration(timeoutMs)}`,
          hint: null,
          path: at('timeout'),
        }),
      ]
    }
    const findings: Finding[] = []
    if (timeoutMs > intervalMs) {
      const message = `timeout ${formatDuration(timeoutMs)} is longer than the interval ${formatDuration(intervalMs)}; a run that lasts so long takes the place of the next ones`
      findings.push(
        warning({
          code: 'timeout-exceeds-interval',
          message,
          hint: `write timeout: ${formatDuration(intervalMs)} or less`,
          path: at('timeout'),
        }),
      )
    }
    if (script.group !== null && script.user === null) {
      findings.push(
        error({
          code: 'group-without-user',
          message: 'group needs a user',
          hint: 'add a user',
          path: at('group'),
        }),
      )
    }
    return findings
  })
}

/** Where a change gives no notice: keepalived refuses the same. Remote file systems are found out when the agent starts. */
function fileFindings({ files }: TrackersDocument): Finding[] {
  return files.flatMap(({ path: file }, index) => {
    const folder = ['/proc', '/sys', '/dev'].find((each) => file === each || file.startsWith(`${each}/`))
    if (folder === undefined || file.startsWith('/dev/shm/')) return []
    const message = `${folder} gives no notice of a file that changes`
    return [
      error({
        code: 'unsuitable-file',
        message,
        hint: 'for example a file under /run',
        path: ['trackers', 'files', index, 'path'],
      }),
    ]
  })
}

function processFindings(trackers: TrackersDocument): Finding[] {
  return resolveTracking({ trackers, interfaces: [] }).trackers.processes.flatMap((watched, index) => {
    const at = (key: string): Path => ['trackers', 'processes', index, key]
    const findings: Finding[] = []
    if (watched.quorumMax !== null && watched.quorumMax < watched.quorum) {
      const message = `quorumMax ${watched.quorumMax} is less than quorum ${watched.quorum}; it could never be well`
      findings.push(error({ code: 'quorum-range', message, hint: null, path: at('quorumMax') }))
    }
    if (!watched.fullCommand && watched.command.length > COMM_BYTES) {
      const message = `the kernel keeps ${COMM_BYTES} bytes of a name; this is compared as ${watched.command.slice(0, COMM_BYTES)}`
      findings.push(
        warning({
          code: 'long-process-name',
          message,
          hint: 'write fullCommand: true to compare the command line',
          path: at('command'),
        }),
      )
    }
    if (watched.match !== 'exact' && watched.arguments === null) {
      findings.push(
        warning({
          code: 'match-without-arguments',
          message: 'match has no effect without arguments',
          hint: 'remove it',
          path: at('match'),
        }),
      )
    }
    for (const key of ['forkDelay', 'terminateDelay'] as const) {
      if (watched[`${key}Ms`] <= 3_600_000) continue
      const message = `${key} must be from 0s to 1h, not ${formatDuration(watched[`${key}Ms`])}`
      findings.push(error({ code: 'out-of-range', message, hint: null, path: at(key) }))
    }
    return findings
  })
}
