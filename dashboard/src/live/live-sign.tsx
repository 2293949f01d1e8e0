import type { Liveness } from './stream.ts'

const LOOKS: Readonly<Record<Liveness, { readonly sign: string; readonly words: string }>> = {
  live: { sign: '●', words: 'Live' },
  connecting: { sign: '◌', words: 'Connecting…' },
  lost: { sign: '▲', words: 'Connection lost: what you see may be out of date. Reconnecting…' },
}

export function LiveSign({ liveness }: { readonly liveness: Liveness }) {
  const { sign, words } = LOOKS[liveness]
  return (
    <output className={`live live-${liveness}`} aria-live="polite">
      <span aria-hidden="true">{sign}</span> {words}
    </output>
  )
}
