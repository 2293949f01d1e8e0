import type { VirtualRouter } from '@aloft/shared/api/schemas'
import { hintOf, ROUTER_LOOKS } from './looks.ts'

export function StateBadge({ state }: { readonly state: VirtualRouter['state'] }) {
  const look = ROUTER_LOOKS[state]
  return (
    <span className={`state state-${state}`} title={hintOf(look)}>
      <span aria-hidden="true">{look.sign}</span> {look.word}
    </span>
  )
}
