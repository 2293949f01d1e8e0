/**
 * Links that end as those of a killed process or a host without power do: nothing is said any more, nobody is left to
 * hear, and the other end may learn of it only much later.
 */
import type { Dialler } from '../../agent/src/session/link.ts'

export function mortal(dialler: Dialler, death: AbortSignal, lingerMs: () => number): Dialler {
  return {
    ...dialler,
    dial: (listener) => {
      const link = dialler.dial({
        opened: () => death.aborted || listener.opened(),
        message: (text) => death.aborted || listener.message(text),
        alive: () => death.aborted || listener.alive(),
        closed: (code, reason, retryAfterMs) => death.aborted || listener.closed(code, reason, retryAfterMs),
      })
      return {
        welcomed: () => link.welcomed(),
        send: (text) => {
          if (!death.aborted) link.send(text)
        },
        close: (code, reason) => {
          if (!death.aborted) link.close(code, reason)
          else setTimeout(() => link.close(code, reason), lingerMs())
        },
      }
    },
    way: () => dialler.way(),
  }
}
