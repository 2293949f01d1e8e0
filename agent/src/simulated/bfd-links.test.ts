/** BFD between hosts of a simulated LAN, as far as their sockets go. */
import { type Address, knownAddress } from '@aloft/shared/network/address'
import { expect, it } from 'vitest'
import type { BfdDatagram } from '../world/bfd-links.ts'
import { VirtualTime } from './clock.ts'
import { seededEntropy } from './entropy.ts'
import { SimulatedHost } from './host.ts'
import { Lan } from './lan.ts'

const HELLO = Uint8Array.of(1)
const addressOf = (host: number) => knownAddress(`10.0.0.${host}`)

function lanOfThree() {
  const time = new VirtualTime()
  const lan = new Lan(time, seededEntropy(1))
  const heard: [host: string, datagram: BfdDatagram][] = []
  const hosts = ['a', 'b', 'c'].map((name, i) => {
    const interfaces = [{ name: 'eth0', segment: 'lan', ipv4: addressOf(i + 1) }]
    const host = new SimulatedHost({ name, interfaces }, { lan, time })
    host.connect({
      datagram: () => {},
      bfd: (datagram) => heard.push([name, datagram]),
      linkChanged: () => {},
      holdingFailed: () => {},
      holdingLost: () => {},
    })
    return host
  })
  const send = (change: { local?: Address | null; remote?: Address; interfaceName?: string | null } = {}) =>
    hosts[0]?.bfd.send(
      {
        ...{ interfaceName: 'eth0', local: addressOf(1), remote: addressOf(2), hops: 'single-hop' },
        ...{ ttl: 255, onLinkOnly: true, ...change },
      },
      HELLO,
    )
  return { time, hosts, heard, send }
}

it('comes to the host it is for, and to a socket that listens', () => {
  const { time, hosts, heard, send } = lanOfThree()
  expect(send()).toBe(true)
  time.advanceTo(10)
  expect(heard).toEqual([])
  for (const { bfd } of hosts) bfd.listen('single-hop', 'ipv4')
  send()
  send({ local: null, interfaceName: null })
  time.advanceTo(20)
  const datagram = {
    source: '10.0.0.1',
    destination: '10.0.0.2',
    ttl: 255,
    hops: 'single-hop',
    payload: HELLO,
  }
  expect(heard).toEqual(Array(2).fill(['b', { interfaceName: 'eth0', ...datagram }]))
})

it('leaves from an address that the host has, and by a link that is up', () => {
  const { hosts, send } = lanOfThree()
  expect(send({ local: addressOf(9) })).toBe(false)
  expect(send({ remote: knownAddress('192.0.2.1'), interfaceName: null })).toBe(false)
  hosts[0]?.change('eth0', { isUp: false })
  expect(send()).toBe(false)
})

it('comes to nobody once the process is gone', () => {
  const { time, hosts, heard, send } = lanOfThree()
  hosts[1]?.bfd.listen('single-hop', 'ipv4')
  hosts[1]?.disconnect()
  send()
  time.advanceTo(10)
  expect(heard).toEqual([])
})
