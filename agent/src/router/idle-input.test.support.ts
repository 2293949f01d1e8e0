import type { RouterInput } from '../world/router-world.ts'

/** An input that does nothing, but for what is given. */
export function idleInput(some: Partial<RouterInput>): RouterInput {
  return {
    datagram() {},
    together: (deliver) => deliver(),
    undecodable() {},
    bfd() {},
    linkChanged() {},
    holdingFailed() {},
    holdingLost() {},
    virtualLinkChanged() {},
    alarm() {},
    ...some,
  }
}
