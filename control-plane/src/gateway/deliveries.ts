import type { Bus } from '../bus/bus.ts'
import { deliverDue } from '../commands/deliver.ts'
import type { Database } from '../database/client.ts'
import type { Registry } from './registry.ts'

export interface Deliveries {
  /** To be called when a session may take commands from now on. */
  look(): void
  stop(): Promise<void>
}

export interface DeliveriesOptions {
  readonly db: Database
  readonly replica: string
  readonly registry: Registry
  readonly wallMs: () => number
  readonly bus: Bus
  readonly log: { warn(facts: object, message: string): void }
}

/** Looks, one look at a time, for commands to agents whose session this replica holds. */
export function startDeliveries(options: DeliveriesOptions): Deliveries {
  const { db, replica, registry, wallMs, bus, log } = options
  let running: Promise<void> | null = null
  let again = false
  let stopped = false
  const run = async (): Promise<void> => {
    do {
      again = false
      await deliverDue({
        db,
        nowMs: wallMs(),
        of: { replica },
        order: ({ agentId, generation }, command) => {
          const speaker = registry.speakerOf(agentId)
          return speaker?.agent?.generation === generation ? speaker.order(command) : 'not-yet'
        },
      })
    } while (again && !stopped)
  }
  const look = (): void => {
    again = true
    if (stopped || running !== null) return
    running = run()
      .catch((error: unknown) => log.warn({ err: error }, 'commands cannot be looked for now'))
      .finally(() => {
        running = null
      })
  }
  const unsubscribe = bus.subscribe('commands', look)
  return {
    look,
    stop: async () => {
      stopped = true
      unsubscribe()
      await running
    },
  }
}
