/** Somebody on the LAN who sends what no VRRP router would: any bytes as protocol 112, with any TTL. */
import * as kernel from '../../agent/src/linux/kernel-numbers.ts'
import { netio } from '../../agent/src/linux/netio.ts'
import { parseAddress } from '../../shared/src/network/address.ts'
import { inside } from '../world/kernel-lan.ts'

/** ip(7), include/uapi/linux/in.h. */
const IP_MULTICAST_TTL = 33

export interface RawSender {
  /** To the group of all VRRP routers; the kernel writes the IP header, in fragments where one frame is too small. */
  send(payload: Uint8Array, ttl?: number): void
  close(): void
}

/** Sends from `eth0` of a namespace, with the address that interface has. */
export function openRawSender(namespace: string): RawSender {
  const group = parseAddress('224.0.0.18')
  if (group === null) throw new Error('the VRRP group is an address')
  const socket = inside(namespace, () => {
    const opened = netio().socket(kernel.AF_INET, kernel.SOCK_RAW, kernel.IPPROTO_VRRP)
    const index = netio().interfaceIndex('eth0')
    opened.setOption(kernel.IPPROTO_IP, kernel.IP_MULTICAST_IF, kernel.multicastRequest(null, index))
    return opened
  })
  return {
    send(payload, ttl = 255) {
      socket.setOption(kernel.IPPROTO_IP, IP_MULTICAST_TTL, ttl)
      socket.send(payload, kernel.ipv4SocketAddress(group), null)
    },
    close: () => socket.close(),
  }
}
