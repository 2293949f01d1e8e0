import type { VirtualRouter } from '@aloft/shared/api/schemas'

const LOOKS: Readonly<
  Record<VirtualRouter['state'], { readonly sign: string; readonly word: string; readonly meaning: string }>
> = {
  served: { sign: '✓', word: 'Served', meaning: 'exactly one node is active' },
  'split-brain': { sign: '‼', word: 'Split brain', meaning: 'more than one node is active' },
  'no-active': { sign: '✕', word: 'No active', meaning: 'every node is known and none is active' },
  unknown: { sign: '?', word: 'Unknown', meaning: 'a node that cannot be seen may be active' },
}

export function StateBadge({ state }: { readonly state: VirtualRouter['state'] }) {
  const { sign, word, meaning } = LOOKS[state]
  return (
    <span className={`state state-${state}`} title={meaning}>
      <span aria-hidden="true">{sign}</span> {word}
    </span>
  )
}
