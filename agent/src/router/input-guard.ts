/**
 * What happens when the loop throws? Datagrams are the inputs strangers choose: if one makes the loop throw, that
 * datagram is dropped, recorded and counted, and every virtual router goes on. Anything else that throws is our own
 * bug with state behind it: it surfaces, the process dumps its recording and exits, and its successor resumes as
 * active before a peer notices (docs/decisions/0005-lifecycle.md).
 */
import type { BfdDatagram } from '../world/bfd-links.ts'
import type { Datagram, RouterInput } from '../world/router-world.ts'

export interface DroppedDatagram {
  readonly datagram: Datagram | BfdDatagram
  readonly error: unknown
}

export function guardDatagrams(input: RouterInput, dropped: (what: DroppedDatagram) => void): RouterInput {
  return {
    datagram(datagram) {
      try {
        input.datagram(datagram)
      } catch (error) {
        dropped({ datagram, error })
      }
    },
    bfd(datagram) {
      try {
        input.bfd(datagram)
      } catch (error) {
        dropped({ datagram, error })
      }
    },
    together: (deliver) => input.together(deliver),
    undecodable: (packet) => input.undecodable(packet),
    linkChanged: (interfaceName) => input.linkChanged(interfaceName),
    holdingFailed: (failure) => input.holdingFailed(failure),
    holdingLost: (loss) => input.holdingLost(loss),
    addressClaimed: (claim) => input.addressClaimed?.(claim),
    virtualLinkChanged: (router) => input.virtualLinkChanged(router),
    alarm: () => input.alarm(),
  }
}
