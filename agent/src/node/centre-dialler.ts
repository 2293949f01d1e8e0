/** How this agent reaches its centre: an address, spoken to over a WebSocket. */
import type { Dialler } from '../session/link.ts'
import type { CentreAddress } from './centre-address.ts'
import { dialWebSocket } from './web-socket-link.ts'

export function centreDialler(centre: CentreAddress): Dialler {
  return {
    dial: (listener) => dialWebSocket(centre, listener),
    way: () => ({ url: centre.text, transport: 'websocket' }),
  }
}
