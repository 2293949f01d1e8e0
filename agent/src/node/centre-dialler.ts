/** How this agent reaches its centre: an address, and what frames are carried by. */
import type { Dialler, Transport } from '../session/link.ts'
import type { CentreAddress } from './centre-address.ts'
import { dialExchange } from './exchange-link.ts'
import { dialWebSocket } from './web-socket-link.ts'

export function centreDialler(centre: CentreAddress, transport: Transport = 'websocket'): Dialler {
  return {
    dial: (listener) =>
      transport === 'exchange' ? dialExchange(centre, listener) : dialWebSocket(centre, listener),
    way: () => ({ url: centre.text, transport }),
  }
}
