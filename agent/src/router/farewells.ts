/**
 * What the steward is to say for a router process that dies: the last packet of each BFD session that pairs us with a
 * neighbour. It tells the neighbour that the session is gone on purpose (RFC 5880 §6.8.16), so that the silence of a
 * process whose successor starts at once is not taken for the death of the host.
 */
import type { RouterInput } from '../world/router-world.ts'
import type { Farewell } from './loop/bfd-status.ts'

/** Tells whenever there are others than before. */
export class FarewellTeller {
  readonly #read: () => readonly Farewell[]
  readonly #tell: (farewells: readonly Farewell[]) => void
  #told: readonly Farewell[]

  constructor(read: () => readonly Farewell[], tell: (farewells: readonly Farewell[]) => void) {
    this.#read = read
    this.#tell = tell
    this.#told = read()
  }

  /**
   * An input that can change a session is followed by telling: from the first packet on that can make a neighbour rely
   * on a session, there is no moment at which a process may die and nobody speaks for it.
   */
  follow(input: RouterInput): RouterInput {
    return {
      ...input,
      bfd: (datagram) => {
        input.bfd(datagram)
        this.#look()
      },
      alarm: () => {
        input.alarm()
        this.#look()
      },
    }
  }

  #look(): void {
    const farewells = this.#read()
    if (farewells === this.#told) return
    this.#told = farewells
    this.#tell(farewells)
  }
}
