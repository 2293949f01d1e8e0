/** A recording must give, replayed, what the process did: else no recording from production can be trusted. */
import { replay } from '@aloft/agent/router/loop/replay'
import { BrokenInvariant } from './members.ts'
import type { Node } from './node.ts'

/** Compares the journal of a node's present run with the one its recording gives. Not recorded: nothing to compare. */
export function checkReplay({ name, run }: Node): void {
  if (!run || run.recording.length === 0) return
  const replayed = replay(run.recording).flatMap(({ output }) =>
    output.do === 'journal' ? [JSON.stringify(output.body)] : [],
  )
  const lived = run.journal.map(({ body }) => JSON.stringify(body))
  const at = lived.findIndex((entry, i) => entry !== replayed[i])
  if (at >= 0 || lived.length !== replayed.length)
    throw new BrokenInvariant(
      `a recording replays: ${name} differs at entry ${at}: ${lived[at]} ≠ ${replayed[at]}`,
    )
}
