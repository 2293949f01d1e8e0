import type { ExportEnd, ExportFailed, Problem } from './api.generated.ts'
import { ApiProblem, UnexpectedAnswer, Unreachable } from './problem.ts'
import { notAloft } from './transport.ts'

/** How an export ended well. */
export interface ExportEnded {
  readonly items: number
  /** Where to go on, when it ended at its limit. */
  readonly nextCursor: string | null
}

/** Reads NDJSON to its last line. What is cut, short or malformed is never taken for the whole. */
export async function* readLines<T>(answer: Response): AsyncGenerator<T, ExportEnded> {
  let count = 0
  let ended: ExportEnd | ExportFailed | null = null
  for await (const line of linesOf(answer)) {
    if (ended !== null) throw notAloft(answer, 'the export goes on after its end')
    const value = parse(answer, line)
    ended = endOf(value)
    if (ended !== null) continue
    count += 1
    yield value as T
  }
  if (ended === null) throw new Unreachable(`the export was cut after ${count} items`, 'cut')
  if ('failed' in ended) throw brokenOff(ended.failed)
  if (ended.end.items !== count) {
    throw new UnexpectedAnswer(
      `the export says it has ${ended.end.items} items, and ${count} came`,
      answer.status,
    )
  }
  return ended.end
}

async function* linesOf(answer: Response): AsyncGenerator<string> {
  const decoder = new TextDecoder()
  let pending = ''
  const reader = answer.body?.getReader()
  try {
    while (reader !== undefined) {
      const { done, value } = await reader.read().catch((error: unknown) => {
        throw new Unreachable('the export was cut', 'cut', { cause: error })
      })
      if (done) break
      const lines = (pending + decoder.decode(value, { stream: true })).split('\n')
      pending = lines.pop() ?? ''
      yield* lines
    }
  } finally {
    await reader?.cancel().catch(() => {})
  }
  if (pending !== '') throw new Unreachable('the export was cut within a line', 'cut')
}

function parse(answer: Response, line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    throw notAloft(answer, `a line is not JSON: ${line.slice(0, 80)}`)
  }
}

/** The last line has one key, and no item has either. */
function endOf(value: unknown): ExportEnd | ExportFailed | null {
  if (typeof value !== 'object' || value === null || Object.keys(value).length !== 1) return null
  return 'end' in value || 'failed' in value ? (value as ExportEnd | ExportFailed) : null
}

function brokenOff(problem: Problem): ApiProblem {
  return new ApiProblem(problem, { requestId: null, retryAfterMs: null })
}
