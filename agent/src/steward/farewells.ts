/** Says for a router process that died what it can no longer say (`agent/src/router/farewells.ts`). */
import { createSocket } from 'node:dgram'
import type { Farewell } from '../router/loop/bfd-status.ts'

/** RFC 5881 §4, §5. */
const PORT = 3784
const TTL = 255
const SOURCE_PORT_MIN = 49_152
/** A lost packet costs a failover. */
const COPIES = 2

/** What cannot be sent is not: the neighbour then takes the silence for what it is. */
export function sayFarewells(farewells: readonly Farewell[]): void {
  for (const farewell of farewells) sayOne(farewell)
}

function sayOne({ interface: over, local, remote, payload }: Farewell): void {
  const isIpv6 = remote.includes(':')
  const zone = isIpv6 && /^fe[89ab]/.test(remote) ? `%${over}` : ''
  const socket = createSocket(isIpv6 ? 'udp6' : 'udp4')
  socket.once('error', () => socket.close())
  const port = SOURCE_PORT_MIN + Math.floor(Math.random() * (65_536 - SOURCE_PORT_MIN))
  socket.bind({ address: `${local}${zone}`, port }, () => {
    socket.setTTL(TTL)
    let left = COPIES
    for (let copy = 0; copy < COPIES; copy++) {
      socket.send(Buffer.from(payload, 'hex'), PORT, `${remote}${zone}`, () => {
        left--
        if (left === 0) socket.close()
      })
    }
  })
}
