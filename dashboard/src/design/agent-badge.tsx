import type { Agent } from '@aloft/shared/api/schemas'
import { AGENT_LOOKS, hintOf } from './looks.ts'

/** With `agent` its title also says by whose word, or for what reason. */
export function AgentBadge({ state, agent }: { readonly state: Agent['state']; readonly agent?: Agent }) {
  const look = AGENT_LOOKS[state]
  return (
    <span
      className={`agent-state agent-${state}`}
      title={[hintOf(look), agent && proofOf(agent)].filter(Boolean).join(' ')}
    >
      <span aria-hidden="true">{look.sign}</span> {look.word}
    </span>
  )
}

function proofOf({ evidence, reason }: Agent): string {
  if (evidence !== null) {
    const { node, virtualRouter, at } = evidence
    return `By the word of ${node}, of ${virtualRouter}, at ${new Date(at).toLocaleString()}.`
  }
  return reason === null ? '' : `Reason: ${reason}.`
}
