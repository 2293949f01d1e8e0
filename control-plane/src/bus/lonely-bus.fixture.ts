import { type Bus, createBus } from './bus.ts'

/** A bus with nobody else on it, for tests of one replica: who subscribed here is told, and looks each second. */
export function lonelyBus(): Bus {
  return createBus({
    carrier: { kind: 'postgresql', listen: async () => {}, send: async () => {}, stop: async () => {} },
    log: { info: () => {}, warn: () => {} },
  })
}
