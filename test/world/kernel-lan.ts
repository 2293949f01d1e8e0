/** The kernel's LAN: two network namespaces and a bridge, both hosts' sockets held by this process. */
import { closeSync, openSync } from 'node:fs'
import * as kernel from '../../agent/src/linux/kernel-numbers.ts'
import { createLinuxWorld, type LinuxWorld } from '../../agent/src/linux/linux-world.ts'
import { createLan, ip, type Lan } from '../../agent/src/linux/namespace.ts'
import { type NativeSocket, netio } from '../../agent/src/linux/netio.ts'
import { ETHERTYPE_ARP } from '../../agent/src/packets/arp.ts'
import type { Links } from '../../agent/src/world/router-world.ts'
import { addressFromBytes } from '../../shared/src/network/address.ts'
import {
  ENDPOINT,
  type HostName,
  type HostUnderTest,
  INTERFACE,
  type LanUnderTest,
  Told,
} from './lan-under-test.ts'

/** Runs `run` with this thread in a namespace, and returns. Only what is opened meanwhile belongs there. */
export function inside<T>(namespace: string, run: () => T): T {
  const home = openSync('/proc/self/ns/net', 'r')
  const there = openSync(`/var/run/netns/${namespace}`, 'r')
  netio().setNetworkNamespace(there)
  try {
    return run()
  } finally {
    netio().setNetworkNamespace(home)
    closeSync(there)
    closeSync(home)
  }
}

export interface KernelLan extends LanUnderTest {
  readonly lan: Lan
  readonly worldOf: Readonly<Record<HostName, LinuxWorld>>
  /** ARP frames heard at host b. */
  frames(): Uint8Array[]
}

let made = 0

export async function createKernelLan(): Promise<KernelLan> {
  made += 1
  const lan = await createLan(`world${process.pid}x${made}`, [
    { name: 'a', addresses: ['192.0.2.1/24'] },
    { name: 'b', addresses: ['192.0.2.2/24'] },
  ])
  const told = { a: new Told(), b: new Told() }
  const worldOf = await startWorlds(lan, told)
  const ear = inside(lan.namespaceOf('b'), listenForArp)
  const heard: Uint8Array[] = []
  const frames = () => {
    for (const frame = new Uint8Array(64); ear.receive(frame, null, null) !== null; )
      heard.push(frame.slice())
    return heard
  }
  const macs = { a: await macOf(lan, 'a'), b: await macOf(lan, 'b') }
  return {
    lan,
    worldOf,
    frames,
    a: hostOf(lan.namespaceOf('a'), worldOf.a, told.a),
    b: hostOf(lan.namespaceOf('b'), worldOf.b, told.b),
    async setUp(host, up) {
      await ip('-n', lan.namespaceOf(host), 'link', 'set', INTERFACE, up ? 'up' : 'down')
    },
    addressesOf: (host) => addressesOn(lan.namespaceOf(host)),
    whoHas(address) {
      const last = frames().findLast((frame) => addressFromBytes(frame.subarray(28, 32)) === address)
      if (last === undefined) return null
      return Buffer.from(last.subarray(22, 28)).equals(macs.a) ? 'a' : 'b'
    },
    async close() {
      ear.close()
      worldOf.a.close()
      worldOf.b.close()
      await lan.remove()
    },
  }
}

/** A world opens its sockets where the thread is; a router process is always inside, this one visits. */
function hostOf(namespace: string, { links, holdings }: LinuxWorld, told: Told): HostUnderTest {
  const visiting: Links = {
    open: (endpoint) => inside(namespace, () => links.open(endpoint)),
    close: (endpoint) => links.close(endpoint),
    watch: (name) => links.watch(name),
    unwatch: (name) => links.unwatch(name),
    state: (name) => links.state(name),
    send: (name, packet) => links.send(name, packet),
  }
  return { links: visiting, holdings, told }
}

/** A LAN whose worlds could not be made is nobody's to remove. */
async function startWorlds(lan: Lan, told: Readonly<Record<HostName, Told>>) {
  try {
    return { a: startWorld(lan, 'a', told.a), b: startWorld(lan, 'b', told.b) }
  } catch (error) {
    await lan.remove()
    throw error
  }
}

function startWorld(lan: Lan, host: HostName, told: Told): LinuxWorld {
  return inside(lan.namespaceOf(host), () => {
    const world = createLinuxWorld()
    world.start(told)
    world.links.open(ENDPOINT)
    return world
  })
}

function listenForArp(): NativeSocket {
  const socket = netio().socket(kernel.AF_PACKET, kernel.SOCK_RAW, 0)
  socket.bind(kernel.linkLayerAddress(netio().interfaceIndex(INTERFACE), ETHERTYPE_ARP))
  return socket
}

async function macOf(lan: Lan, host: HostName): Promise<Buffer> {
  const [link] = JSON.parse(await ip('-j', '-n', lan.namespaceOf(host), 'link', 'show', INTERFACE))
  return Buffer.from(link.address.replaceAll(':', ''), 'hex')
}

async function addressesOn(namespace: string): Promise<string[]> {
  const [link] = JSON.parse(await ip('-j', '-4', '-n', namespace, 'addr', 'show', INTERFACE))
  const infos: { local: string; prefixlen: number }[] = link?.addr_info ?? []
  return infos.map(({ local, prefixlen }) => `${local}/${prefixlen}`)
}
