/**
 * Which commands of the centre were done, and with what result, so that one that comes again is answered and not done
 * again: the answer may have been lost, or the command sent by two replicas, or this process killed in between.
 */
import { existsSync, readFileSync } from 'node:fs'
import {
  type Command,
  CommandOutcome,
  type CommandResult,
  RESULT_DETAIL_MAX,
} from '@aloft/shared/protocol/commands'
import { z } from 'zod'
import { replaceFile } from '../router/atomic-file.ts'

const Entry = z.object({
  id: z.string(),
  command: z.string(),
  /** Null: begun, and nothing known of its end. */
  result: z.object({ outcome: CommandOutcome, detail: z.string() }).nullable(),
})
type Entry = z.infer<typeof Entry>
const Ledger = z.object({ version: z.literal(1), commands: z.array(Entry) })

export interface Deed {
  /** Doing it twice is doing it once. */
  readonly repeatable: boolean
  /** Resolves to a line for people; rejects when it failed. */
  readonly act: () => Promise<string>
}

/** Far more than are given within the life of one: the oldest make room. */
const ENTRIES_MAX = 256

export class CommandLedger {
  readonly #file: string
  readonly #log: (text: string) => void
  #entries: readonly Entry[]
  readonly #underWay = new Map<string, Promise<CommandResult>>()

  constructor(file: string, log: (text: string) => void) {
    this.#file = file
    this.#log = log
    this.#entries = read(file, log)
  }

  /** Does it unless it was done. Never rejects. `deed` null: this agent does not know the command. */
  obey(command: Command, deed: Deed | null): Promise<CommandResult> {
    const running = this.#underWay.get(command.id)
    if (running !== undefined) return running
    const result = this.#obey(command, deed).finally(() => this.#underWay.delete(command.id))
    this.#underWay.set(command.id, result)
    return result
  }

  async #obey({ id, command }: Command, deed: Deed | null): Promise<CommandResult> {
    const before = this.#entries.find((entry) => entry.id === id)
    if (before?.result) return { kind: 'command-result', id, ...before.result }
    const result = await this.#do({ id, command, result: null }, deed, before !== undefined)
    return { kind: 'command-result', id, ...result }
  }

  async #do(entry: Entry, deed: Deed | null, begunBefore: boolean): Promise<NonNullable<Entry['result']>> {
    if (deed === null) return { outcome: 'unsupported', detail: `this agent does not know ${entry.command}` }
    if (begunBefore && !deed.repeatable)
      return this.#finish(entry, {
        outcome: 'failed',
        detail: 'the agent was interrupted while it did this; whether it took effect is not known',
      })
    if (!this.#write(entry) && !deed.repeatable)
      return { outcome: 'failed', detail: 'the agent cannot write down that it begins, so it does not' }
    this.#log(`the centre orders: ${entry.command}`)
    return this.#finish(
      entry,
      await deed.act().then(
        (detail) => ({ outcome: 'done' as const, detail }),
        (error: unknown) => ({
          outcome: 'failed' as const,
          detail: error instanceof Error ? error.message : String(error),
        }),
      ),
    )
  }

  #finish(entry: Entry, { outcome, detail }: NonNullable<Entry['result']>): NonNullable<Entry['result']> {
    const result = { outcome, detail: detail.slice(0, RESULT_DETAIL_MAX) }
    this.#write({ ...entry, result })
    return result
  }

  #write(entry: Entry): boolean {
    const others = this.#entries.filter(({ id }) => id !== entry.id)
    this.#entries = [...others, entry].slice(-ENTRIES_MAX)
    try {
      replaceFile(this.#file, `${JSON.stringify({ version: 1, commands: this.#entries })}\n`, 'durable')
      return true
    } catch (error) {
      this.#log(`cannot write ${this.#file}: ${String(error)}`)
      return false
    }
  }
}

/** A ledger that cannot be read is begun anew: what was in it is at most done again within its deadline. */
function read(file: string, log: (text: string) => void): readonly Entry[] {
  if (!existsSync(file)) return []
  try {
    return Ledger.parse(JSON.parse(readFileSync(file, 'utf8'))).commands
  } catch (error) {
    log(`${file} cannot be read (${String(error)}); it is begun anew`)
    return []
  }
}
