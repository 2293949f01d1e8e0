/** Follows the number in one file. What cannot be understood changes nothing, and is shown. */
import { closeSync, constants, fstatSync, openSync, readSync, statfsSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import type { FileTracker as TrackedFile } from '@aloft/shared/config/tracking-config'
import { FILE_BYTES_MAX, type FileContent, parseNumberFile } from '../../tracking/number-file.ts'
import type { Verdict } from '../../tracking/verdict.ts'
import { PathWatch } from './path-watch.ts'
import type { Tracker, TrackerReport, TrackerWorld } from './tracker.ts'

export class FileTracker implements Tracker {
  readonly #file: TrackedFile
  readonly #world: TrackerWorld
  readonly #watch: PathWatch
  #value: number | null
  #last: Omit<TrackerReport, 'kind' | 'name' | 'state' | 'value'>

  /** `known`: what it said last, where a steward before this one has read it. */
  constructor(file: TrackedFile, known: Verdict | null, world: TrackerWorld) {
    this.#file = file
    this.#world = world
    this.#value = known?.value ?? null
    this.#last = { why: 'not read yet', output: null, lastRunWallMs: null, durationMs: null, runs: 0 }
    // A steward that is only restarted must not undo what people wrote since the agent was started.
    if (known === null) this.#initialize()
    this.#watch = new PathWatch(file.path, () => this.#look())
    this.#look()
  }

  report(): TrackerReport {
    const state = this.#value === null ? 'unknown' : 'up'
    return { kind: 'file', name: this.#file.name, state, value: this.#value, ...this.#last }
  }

  stop(): void {
    this.#watch.stop()
  }

  #initialize(): void {
    const { initial, path: file } = this.#file
    if (initial === null) return
    try {
      writeFileSync(file, `${initial.value}\n`, { flag: initial.overwrite ? 'w' : 'wx' })
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return
      this.#world.log(`${file} could not be written: ${String(error)}`)
    }
  }

  #look(): void {
    const seen = readNumberFile(this.#file.path)
    const value = 'value' in seen ? seen.value : this.#value
    const why = 'value' in seen ? seen.why : `${seen.problem}; ${this.#value ?? 'nothing'} still holds`
    const isNew = value !== this.#value || why !== this.#last.why
    this.#value = value
    this.#last = { ...this.#last, why, lastRunWallMs: this.#world.wallMs(), runs: this.#last.runs + 1 }
    if (isNew) this.#world.changed()
  }
}

type Seen = { readonly value: number; readonly why: string } | { readonly problem: string }

/** keepalived-and-vrrp.md §1.9: where there is no file, it says 0. */
function readNumberFile(file: string): Seen {
  let content: FileContent
  try {
    content = parseNumberFile(beginningOf(file))
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : null
    if (code === 'ENOENT' || code === 'ENOTDIR') return { value: 0, why: 'there is no such file: 0' }
    return { problem: error instanceof Error ? error.message : String(error) }
  }
  return 'value' in content ? { value: content.value, why: `says ${content.value}` } : content
}

function beginningOf(file: string): string {
  // A pipe would hold us up until somebody writes to it.
  const fd = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK)
  try {
    if (!fstatSync(fd).isFile()) throw new Error(`${file} is not a file`)
    const bytes = Buffer.alloc(FILE_BYTES_MAX)
    return bytes.toString('utf8', 0, readSync(fd, bytes, 0, bytes.length, 0))
  } finally {
    closeSync(fd)
  }
}

/** statfs(2) f_type of file systems that give no notice of what others change (keepalived refuses the same). */
const SILENT: ReadonlyMap<number, string> = new Map([
  [0x6969, 'NFS'],
  [0x9fa0, 'proc'],
  [0x6265_6572, 'sysfs'],
  [0x6573_5546, 'FUSE'],
  [0xff53_4d42, 'CIFS'],
  [0xfe53_4d42, 'SMB'],
  [0x0102_1997, '9p'],
  [0x00c3_6400, 'Ceph'],
  [0x6462_6720, 'debugfs'],
  [0x6367_7270, 'cgroup2'],
])

/** Why changes of a file would go unnoticed; null: they do not. */
export function fileProblem(file: string): string | null {
  for (let place = file; ; place = path.dirname(place)) {
    try {
      const name = SILENT.get(statfsSync(place).type)
      return name === undefined
        ? null
        : `${place} is on a file system (${name}) that gives no notice of changes`
    } catch {
      if (place === path.dirname(place)) return null
    }
  }
}
