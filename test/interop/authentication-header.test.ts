/** Authentication headers beside a live keepalived: what the matrix does not ask. */
import { afterEach, expect, it } from 'vitest'
import * as kernel from '../../agent/src/linux/kernel-numbers.ts'
import { netio } from '../../agent/src/linux/netio.ts'
import { GROUP } from '../../agent/src/vrrp/virtual-router.ts'
import { untilRole } from '../lab/agent.ts'
import { captureAdvertisements, readCapture } from '../lab/capture.ts'
import { pause, until } from '../lab/wait.ts'
import { inside } from '../world/kernel-lan.ts'
import { createPair, DIALECTS, type Dialect, type Pair, type Peer, THEIR_ADDRESS } from './pair.ts'

const SIGNED = DIALECTS.find(({ name }) => name === 'v2 AH') as Dialect

let pair: Pair
afterEach(() => pair?.remove())

const untilThey = (peer: Peer, role: string) =>
  until(async () => (await peer.role()) === role, {
    what: `them to be ${role}; they say:\n${peer.log()}`,
    withinMs: 15_000,
  })

it('RFC 2402 §3.3.2: the sequence goes on growing when the router is killed: keepalived refuses nothing', async () => {
  pair = await createPair(SIGNED)
  const ours = pair.startOurs({ priority: 200 })
  await untilRole(ours, 'web', 'active', 15_000)
  const theirs = await pair.startTheirs({ priority: 100 })
  await untilThey(theirs, 'backup')
  await pause(2_000)
  const pid = ours.pidOf('router')
  ours.killProcess('router')
  await until(() => ours.pidOf('router') !== pid, { what: 'another router', withinMs: 10_000 })
  await untilRole(ours, 'web', 'active', 10_000)
  // Longer than keepalived would wait for an advertisement that it does not refuse.
  await pause(5_000)
  expect(theirs.log()).not.toMatch(/sequence number/i)
  expect(theirs.log().match(/Entering MASTER STATE/g)).toBeNull()
})

it('RFC 2402 §3.4: what keepalived signed is taken once; sent again by anybody, it is a replay', async () => {
  pair = await createPair(SIGNED)
  const theirs = await pair.startTheirs({ priority: 200 })
  await untilThey(theirs, 'active')
  const ours = pair.startOurs({ priority: 100 })
  await untilRole(ours, 'web', 'backup', 15_000)
  const discards = async () => (await ours.routerStatus()).discards
  await until(async () => (await ours.routerStatus()).virtualRouters[0]?.active, {
    what: 'us to have heard them',
    withinMs: 10_000,
  })
  const capture = await captureAdvertisements({
    namespace: pair.lan.switchNamespace,
    from: THEIR_ADDRESS,
    protocol: 51,
    count: 1,
    withinMs: 5_000,
  })
  const [captured] = readCapture(capture)
  expect(await discards()).toEqual([])
  replay(pair.lan.switchNamespace, captured?.packet ?? new Uint8Array(0))
  await until(async () => (await discards()).some(({ reason }) => reason === 'replay'), {
    what: `a replay; there are ${JSON.stringify(await discards())}`,
    withinMs: 3_000,
  })
  expect(await ours.role('web')).toBe('backup')
})

function replay(namespace: string, packet: Uint8Array): void {
  const socket = inside(namespace, () => {
    const opened = netio().socket(kernel.AF_INET, kernel.SOCK_RAW, kernel.IPPROTO_RAW)
    const request = kernel.multicastRequest(null, netio().interfaceIndex('br0'))
    opened.setOption(kernel.IPPROTO_IP, kernel.IP_MULTICAST_IF, request)
    return opened
  })
  socket.send(packet, kernel.ipv4SocketAddress(GROUP.ipv4), null)
  socket.close()
}
