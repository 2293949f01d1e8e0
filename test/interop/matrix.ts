/** The matrix of docs/INTEROP.md: which dialects, transports and makes, and what each pairing has shown. */
import { createPair, DIALECTS, type Dialect, type Make, type Transport } from './pair.ts'
import { COLUMNS, type Column, STORIES, type Story } from './stories.ts'

export interface Row {
  readonly dialect: Dialect
  readonly transport: Transport
  readonly make: Make
  /** Why the peer cannot, in a few words; null: it can. */
  readonly limit: string | null
}

/** A peer that shares two cores with eleven others, and is not real-time, may be late by more than three short intervals. */
const SHORTEST_MS = 250

export const ROWS: readonly Row[] = DIALECTS.map((dialect) => ({
  ...dialect,
  intervalMs: Math.max(dialect.intervalMs, SHORTEST_MS),
})).flatMap((dialect) =>
  (['multicast', 'unicast'] as const).flatMap((transport) =>
    (['keepalived', 'FRR'] as const).map((make) => ({
      dialect,
      transport,
      make,
      limit: make === 'FRR' ? limitOfFrr(dialect, transport) : null,
    })),
  ),
)

function limitOfFrr({ password }: Dialect, transport: Transport): string | null {
  if (transport === 'unicast') return 'no unicast'
  return password === null ? null : 'no authentication'
}

/** What went wrong, by row and column; empty when nothing did. */
export type Verdicts = ReadonlyMap<string, string>

const MAKE_NAME: Readonly<Record<Make, string>> = { keepalived: 'keepalived 2.2.7', FRR: 'FRR 8.4' }

export function cellOf({ dialect, transport, make }: Row, column: Column): string {
  return `${dialect.name}, ${transport}, ${make}: ${column}`
}

/** As Markdown, a row for each pairing. */
export function tableOf(failures: Verdicts): string {
  const lines = ROWS.map((row) => {
    const { dialect, transport, make, limit } = row
    const cells = COLUMNS.map((column) =>
      limit !== null ? limit : failures.has(cellOf(row, column)) ? '✗' : '✓',
    )
    return [dialect.name, transport, MAKE_NAME[make], ...cells]
  })
  const header = ['dialect', 'transport', 'peer', ...COLUMNS]
  return [header, header.map(() => '---'), ...lines].map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}

interface Task {
  readonly row: Row
  readonly story: Story
}

/** Plays every story of every row, so many at a time: nearly all of their time is waiting. */
export async function playAll(atOnce: number, log: (line: string) => void): Promise<Verdicts> {
  const failures = new Map<string, string>()
  // The slow ones first, so that none of them is alone at the end.
  const tasks = ROWS.filter(({ limit }) => limit === null)
    .flatMap((row) => STORIES.map((story): Task => ({ row, story })))
    .sort((left, right) => right.row.dialect.intervalMs - left.row.dialect.intervalMs)
  const worker = async () => {
    for (let task = tasks.shift(); task !== undefined; task = tasks.shift()) {
      const beganMs = performance.now()
      await play(task, failures)
      const took = ((performance.now() - beganMs) / 1000).toFixed(1)
      log(`${cellOf(task.row, task.story.columns[0] ?? 'we die')}: ${took} s`)
    }
  }
  await Promise.all(Array.from({ length: atOnce }, worker))
  return failures
}

async function play({ row, story }: Task, failures: Map<string, string>): Promise<void> {
  const open = new Set(story.columns)
  const pair = await createPair(row.dialect, row)
  try {
    await story.play(pair, row.dialect, (column) => void open.delete(column))
  } catch (error) {
    for (const column of open) failures.set(cellOf(row, column), String(error))
  } finally {
    await pair.remove()
  }
}
