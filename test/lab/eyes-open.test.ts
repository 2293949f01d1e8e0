/** What a real agent sees on a real LAN, from the packet to the status that people read. */
import { execFileSync } from 'node:child_process'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import * as kernel from '../../agent/src/linux/kernel-numbers.ts'
import { createLan, ip, type Lan } from '../../agent/src/linux/namespace.ts'
import { netio } from '../../agent/src/linux/netio.ts'
import { ETHERTYPE_ARP, encodeGratuitousArp } from '../../agent/src/packets/arp.ts'
import { knownAddress } from '../../shared/src/network/address.ts'
import { inside } from '../world/kernel-lan.ts'
import { type LabAgent, startAgent, untilRole } from './agent.ts'
import { startKeepalived } from './keepalived.ts'
import { until } from './wait.ts'

const BUNDLE = path.join(import.meta.dirname, '../../agent/dist/aloft.js')
const VIP = '10.77.5.100'

let lan: Lan
let agent: LabAgent

beforeAll(async () => {
  lan = await createLan(`eyes${process.pid}`, [
    { name: 'ours', addresses: ['10.77.5.1/24'] },
    { name: 'other', addresses: ['10.77.5.2/24'] },
  ])
  const config = `node: lb1
virtualRouters:
  - { name: web, interface: eth0, vrid: 51, priority: 200, advertisementInterval: 100ms, addresses: [${VIP}/24] }
`
  agent = startAgent({ namespace: lan.namespaceOf('ours'), config })
  await untilRole(agent, 'web', 'active')
})
afterAll(async () => {
  await agent.kill()
  await lan.remove()
})

const findings = async () => (await agent.routerStatus()).findings

test('RFC 5227 §2.4: another host with our address is told with its Ethernet address', async () => {
  const other = lan.namespaceOf('other')
  // As long as a predecessor may be answering, nobody is accused.
  await until(async () => (await activeForMs()) > 1_500, { what: 'an active of old', withinMs: 10_000 })
  const shown = JSON.parse(await ip('-n', other, '-j', 'link', 'show', 'dev', 'eth0'))
  const mac: string = shown[0].address
  sayWeHave(VIP, { namespace: other, mac })
  const found = await until(
    async () => (await findings()).find(({ finding }) => finding === 'duplicate-address'),
    {
      what: 'the finding',
      withinMs: 10_000,
    },
  )
  expect(found).toMatchObject({ interface: 'eth0', virtualRouter: 'web', source: mac })
  const status = execFileSync(process.execPath, [BUNDLE, 'status', '--state-dir', agent.stateDir], {
    encoding: 'utf8',
  })
  expect(status).toMatch(/! eth0: web ([0-9a-f]{2}:){5}[0-9a-f]{2} answers for an address that we hold/)
})

test('a keepalived that is configured otherwise is seen: its interval, its addresses, its losing word, its other VRID', async () => {
  const common = { version: 3, intervalMs: 300, preempt: true } as const
  const peer = startKeepalived({
    namespace: lan.namespaceOf('other'),
    routers: [
      { ...common, name: 'web', vrid: 51, priority: 255, addresses: ['10.77.5.101/24'] },
      { ...common, name: 'theirs', vrid: 99, priority: 10, addresses: ['10.77.5.102/24'] },
    ],
  })
  try {
    const wanted = ['interval', 'address-list', 'foreign-router']
    await until(
      async () => (await findings()).filter(({ finding }) => wanted.includes(finding)).length >= 3,
      {
        what: `${wanted}; there are ${JSON.stringify(await findings())}`,
        withinMs: 15_000,
      },
    )
    expect(await findings()).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ finding: 'interval', virtualRouter: 'web', source: '10.77.5.2' }),
        expect.objectContaining({ finding: 'address-list', virtualRouter: 'web', source: '10.77.5.2' }),
        expect.objectContaining({ finding: 'foreign-router', vrid: 99, virtualRouter: null }),
      ]),
    )
  } finally {
    await peer.stop()
  }
})

async function activeForMs(): Promise<number> {
  const { virtualRouters } = await agent.routerStatus()
  return Date.now() - (virtualRouters[0]?.sinceWallMs ?? Date.now())
}

/** As a host does that was given an address by hand. */
function sayWeHave(address: string, { namespace, mac }: { namespace: string; mac: string }): void {
  inside(namespace, () => {
    const socket = netio().socket(kernel.AF_PACKET, kernel.SOCK_RAW, 0)
    const bytes = Uint8Array.from(mac.split(':'), (byte) => Number.parseInt(byte, 16))
    const frame = encodeGratuitousArp({ mac: bytes, address: knownAddress(address) })
    socket.send(frame, kernel.linkLayerAddress(netio().interfaceIndex('eth0'), ETHERTYPE_ARP), null)
    socket.close()
  })
}
