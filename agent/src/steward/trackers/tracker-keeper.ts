/**
 * Everything of this host that virtual routers follow: runs it, tells the router what it comes to, and the journal what
 * changed. It begins once a router has said what it knows, so that a steward that is restarted unsettles nothing.
 */
import type { AgentConfig } from '@aloft/shared/config/agent-config'
import type { ScriptTracker as Script, TrackerSettings } from '@aloft/shared/config/tracking-config'
import type { EventBody } from '@aloft/shared/protocol/events'
import { spread } from '../../tracking/timetable.ts'
import { trackerKey, type Verdict } from '../../tracking/verdict.ts'
import { FileTracker, fileProblem } from './file-tracker.ts'
import { killOrphans, markOf } from './orphans.ts'
import { ProcessTable } from './process-table.ts'
import { ProcessTracker } from './process-tracker.ts'
import { ScriptTracker } from './script-tracker.ts'
import type { Tracker, TrackerReport, TrackerWorld } from './tracker.ts'

export interface TrackerKeeperOptions {
  readonly stateDirectory: string
  readonly send: (verdicts: readonly Verdict[]) => void
  readonly observe: (body: EventBody) => void
  readonly log: (text: string) => void
  readonly now: () => number
}

/** What `aloft status` shows of a tracker. */
export interface TrackerStatus extends TrackerReport {
  /** Since when it is held for that. */
  readonly sinceWallMs: number
}

interface Kept {
  readonly tracker: Tracker
  /** As it was configured, to tell whether it still is. */
  readonly settings: string
  last: Verdict
  sinceWallMs: number
}

export class TrackerKeeper {
  readonly #options: TrackerKeeperOptions
  readonly #world: TrackerWorld
  readonly #kept = new Map<string, Kept>()
  #config: AgentConfig | null = null
  /** What the router knew when we met it first; null until then. */
  #known: ReadonlyMap<string, Verdict> | null = null
  #table: ProcessTable | null = null
  #isTelling = false

  constructor(options: TrackerKeeperOptions) {
    this.#options = options
    const { now, log } = options
    this.#world = { now, log, wallMs: Date.now, changed: () => this.#changed() }
  }

  /** A router is there. The first one says what the trackers came to before us; every one is told what they do now. */
  connected(known: readonly Verdict[]): void {
    if (this.#known === null) {
      const killed = killOrphans(this.#options.stateDirectory)
      if (killed > 0) this.#options.log(`ended ${killed} tracker scripts that the last steward left running`)
      this.#known = new Map(known.map((verdict) => [trackerKey(verdict), verdict]))
      this.#follow()
    }
    this.#tell()
  }

  /** Trackers that are the same as before go on undisturbed. */
  configure(config: AgentConfig): void {
    this.#config = config
    if (this.#known !== null) this.#follow()
  }

  status(): readonly TrackerStatus[] {
    return [...this.#kept.values()].map(({ tracker, sinceWallMs }) => ({ ...tracker.report(), sinceWallMs }))
  }

  /** Nothing is watched any more, and scripts that run are asked to end. */
  stop(): void {
    for (const { tracker } of this.#kept.values()) tracker.stop()
    this.#kept.clear()
    this.#table?.close()
    this.#table = null
  }

  /** What does not heed that is ended: nobody is left who could do it later. */
  end(): void {
    killOrphans(this.#options.stateDirectory)
  }

  #follow(): void {
    if (this.#config === null) return
    const wanted = usedTrackers(this.#config)
    const settings = new Map<string, string>()
    for (const each of wanted.scripts) settings.set(`script ${each.name}`, JSON.stringify(each))
    for (const each of wanted.files) settings.set(`file ${each.name}`, JSON.stringify(each))
    for (const each of wanted.processes) settings.set(`process ${each.name}`, JSON.stringify(each))
    const before = new Map(this.#known ?? [])
    for (const [key, kept] of this.#kept) {
      if (kept.settings === settings.get(key)) continue
      kept.tracker.stop()
      this.#kept.delete(key)
      // Changed, it is still the check it was: what it came to holds until it has been run anew.
      before.set(key, kept.last)
    }
    this.#startTrackers(wanted, before)
    this.#known = new Map()
    this.#lookAtProcesses(wanted.processes.length > 0)
    this.#changed()
    this.#tell()
  }

  #startTrackers({ scripts, files, processes }: TrackerSettings, before: ReadonlyMap<string, Verdict>): void {
    const isNew = (kind: string) => (each: { name: string }) => !this.#kept.has(`${kind} ${each.name}`)
    this.#startScripts(scripts.filter(isNew('script')), before)
    for (const file of files.filter(isNew('file'))) {
      const problem = fileProblem(file.path)
      if (problem !== null) this.#options.log(`warning: file ${file.name}: ${problem}`)
      const known = before.get(`file ${file.name}`) ?? null
      this.#keep(file, new FileTracker(file, known, this.#world), known)
    }
    for (const process of processes.filter(isNew('process'))) {
      const known = before.get(`process ${process.name}`) ?? null
      const tracker = new ProcessTracker(
        process,
        { known: known?.state ?? null, table: () => this.#table },
        this.#world,
      )
      this.#keep(process, tracker, known)
    }
  }

  #startScripts(scripts: readonly Script[], before: ReadonlyMap<string, Verdict>): void {
    const mark = markOf(this.#options.stateDirectory)
    const begin = spread(
      scripts.map(({ intervalMs }) => intervalMs),
      this.#world.now(),
    )
    for (const [i, script] of scripts.entries()) {
      const known = before.get(`script ${script.name}`) ?? null
      const firstAt = begin[i] ?? this.#world.now()
      const start = { script, known: known?.state ?? null, firstAt, mark }
      this.#keep(script, new ScriptTracker(start, this.#world), known)
    }
  }

  #keep(settings: object, tracker: Tracker, known: Verdict | null): void {
    const last = known ?? { ...verdictOf(tracker.report()), state: 'unknown', value: null }
    this.#kept.set(trackerKey(last), {
      tracker,
      settings: JSON.stringify(settings),
      last,
      sinceWallMs: Date.now(),
    })
  }

  #lookAtProcesses(isWanted: boolean): void {
    if (!isWanted) {
      this.#table?.close()
      this.#table = null
      return
    }
    if (this.#table === null) {
      this.#table = new ProcessTable({
        changed: () => this.#processesChanged(),
        isWatched: (image) => this.#processTrackers().some((each) => each.counts(image)),
      })
      if (this.#table.source === 'polling') {
        this.#options.log('the kernel tells nothing of processes here; /proc is looked into instead')
      }
    }
    this.#processesChanged()
  }

  #processesChanged(): void {
    for (const tracker of this.#processTrackers()) tracker.look()
  }

  #processTrackers(): ProcessTracker[] {
    return [...this.#kept.values()].flatMap(({ tracker }) =>
      tracker instanceof ProcessTracker ? tracker : [],
    )
  }

  /** Several changes of one turn are told together. */
  #changed(): void {
    if (this.#isTelling) return
    this.#isTelling = true
    setImmediate(() => {
      this.#isTelling = false
      if (this.#observeChanges()) this.#tell()
    })
  }

  /** Whether there were any. */
  #observeChanges(): boolean {
    let hasChanged = false
    for (const kept of this.#kept.values()) {
      const report = kept.tracker.report()
      const { kind, name, state, value, why, output } = report
      const { last } = kept
      if (state === last.state && value === last.value) continue
      hasChanged = true
      kept.last = verdictOf(report)
      kept.sinceWallMs = Date.now()
      // That a file says 0 when it is first read is no news.
      const isNews = last.state !== 'unknown' || kind !== 'file' || value !== 0
      if (state === 'unknown' || kind === 'interface' || !isNews) continue
      this.#options.observe({ kind: 'tracker', tracker: kind, name, state, value, why, output })
    }
    return hasChanged
  }

  #tell(): void {
    if (this.#known === null) return
    this.#options.send([...this.#kept.values()].map(({ last }) => last))
  }
}

/** Those that some virtual router follows: the others are not watched at all (keepalived-and-vrrp.md §1.9). */
export function usedTrackers({ trackers, virtualRouters }: AgentConfig): TrackerSettings {
  const used = new Set(virtualRouters.flatMap(({ track }) => track.map(trackerKey)))
  return {
    scripts: trackers.scripts.filter(({ name }) => used.has(`script ${name}`)),
    files: trackers.files.filter(({ name }) => used.has(`file ${name}`)),
    processes: trackers.processes.filter(({ name }) => used.has(`process ${name}`)),
  }
}

function verdictOf({ kind, name, state, value }: Verdict): Verdict {
  return { kind, name, state, value }
}
