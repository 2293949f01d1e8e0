/**
 * What the steward is to say for a router process that dies: the last packet of each BFD session that pairs us with a
 * neighbour. It tells the neighbour that the session is gone on purpose (RFC 5880 §6.8.16), so that the silence of a
 * process whose successor starts at once is not taken for the death of the host.
 */
import type { Farewell } from './loop/bfd-status.ts'

/** A process that dies before it was told of is taken for dead: soon, then, and cheap. */
const LOOK_EVERY_MS = 20

/** Tells whenever there are others than before. */
export function tellFarewells(
  read: () => readonly Farewell[],
  tell: (farewells: readonly Farewell[]) => void,
): { stop(): void } {
  let told = read()
  const timer = setInterval(() => {
    const farewells = read()
    if (farewells === told) return
    told = farewells
    tell(farewells)
  }, LOOK_EVERY_MS)
  return { stop: () => clearInterval(timer) }
}
