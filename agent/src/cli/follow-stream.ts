import type { Event } from '@aloft/client/api.generated'
import type { Client } from '@aloft/client/client'
import { fleetFailure } from './fleet-failure.ts'

export interface Following {
  readonly client: Client
  readonly signal: AbortSignal
  /** Told of every loss: of the stream, which is then opened again, or of what came while it was away. */
  readonly onLost: (why: string, isTryingAgain: boolean) => void
  /** Told when the stream stands for the first time; awaited before any event is handed on. */
  readonly onOpen: () => Promise<void>
}

/** Every event the centre commits from now on, once and in order, over streams that are lost. */
export async function* followEvents({ client, signal, onLost, onOpen }: Following): AsyncGenerator<Event> {
  let isFirst = true
  const messages = client.follow({
    signal,
    onLost: (error) => onLost(fleetFailure(error) ?? error.message, true),
    onOpen: async () => {
      if (isFirst) await onOpen()
      isFirst = false
    },
  })
  for await (const { kind, value } of messages) {
    if (kind === 'event') yield value
    if (kind === 'hello' && value.requested && !value.resumed) {
      onLost('the centre no longer holds what came meanwhile; `aloft events` lists what it has', false)
    }
  }
}
