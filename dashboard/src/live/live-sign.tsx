import type { Liveness } from './stream.ts'

const LOOKS: Readonly<
  Record<Liveness, { readonly sign: string; readonly words: string; readonly hint?: string }>
> = {
  live: { sign: '●', words: 'Live' },
  connecting: { sign: '◌', words: 'Connecting…' },
  lost: {
    sign: '▲',
    words: 'Reconnecting…',
    hint: 'The connection to the control plane was lost. What you see may be out of date.',
  },
}

export function LiveSign({ liveness }: { readonly liveness: Liveness }) {
  const { sign, words, hint } = LOOKS[liveness]
  return (
    <output className={`live live-${liveness}`} aria-live="polite" title={hint}>
      <span aria-hidden="true">{sign}</span> {words}
      {hint !== undefined && <span className="unseen">{hint}</span>}
    </output>
  )
}
