/**
 * What this agent changed on its host and must undo: links it made, settings of the kernel with the value they had, its
 * nftables tables. Kept in the state directory and written before each change, so that whoever comes after a crash
 * knows.
 */
import { readFileSync, readlinkSync } from 'node:fs'

/** Keeps one JSON value over restarts. */
export interface ChangesStore {
  /** Null: there is none, or it is not readable. */
  load(): unknown
  /** Throws when it cannot be kept. */
  save(value: unknown): void
}

export interface ChangedSetting {
  /** Under /proc/sys. */
  readonly path: string
  readonly before: string
  readonly ours: string
}

interface Changes {
  readonly links: readonly string[]
  readonly settings: readonly ChangedSetting[]
  readonly tables: readonly string[]
}

interface Where {
  readonly bootId: string
  readonly namespace: string
}

const NOTHING: Changes = { links: [], settings: [], tables: [] }

export class HostChanges {
  readonly #store: ChangesStore
  /** What was changed is gone with the boot, or with the network namespace. */
  readonly #where: Where
  #changes: Changes

  constructor(store: ChangesStore) {
    this.#store = store
    this.#where = {
      bootId: readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim(),
      namespace: readlinkSync('/proc/thread-self/ns/net'),
    }
    this.#changes = changesIn(store.load(), this.#where) ?? NOTHING
  }

  get links(): readonly string[] {
    return this.#changes.links
  }
  get settings(): readonly ChangedSetting[] {
    return this.#changes.settings
  }
  get tables(): readonly string[] {
    return this.#changes.tables
  }

  /** Throws when the file cannot be written: then nothing may be changed, because nobody could undo it. */
  update(changes: Partial<Changes>): void {
    const next = { ...this.#changes, ...changes }
    if (JSON.stringify(next) === JSON.stringify(this.#changes)) return
    this.#store.save({ ...this.#where, ...next })
    this.#changes = next
  }
}

/** Shapes beyond the outline are trusted: the value is written by `HostChanges` alone. */
function changesIn(value: unknown, where: Where): Changes | null {
  if (typeof value !== 'object' || value === null || !('bootId' in value) || !('namespace' in value))
    return null
  if (value.bootId !== where.bootId || value.namespace !== where.namespace) return null
  if (!('links' in value) || !Array.isArray(value.links)) return null
  if (!('settings' in value) || !Array.isArray(value.settings)) return null
  if (!('tables' in value) || !Array.isArray(value.tables)) return null
  const { links, settings, tables } = value
  return { links, settings, tables }
}
