import { ROUTER_DEFAULTS, type VirtualRouterConfig } from '@aloft/shared/config/agent-config'
import { knownAddress } from '@aloft/shared/network/address'
import { describe, expect, it } from 'vitest'
import { macBytes } from '../../packets/ethernet.ts'
import { type Device, devicesOf, elementsOf, mismatch, refused, unsuitable } from './devices.ts'
import type { LinkDetail } from './link-messages.ts'

const eth0: LinkDetail = {
  index: 2,
  name: 'eth0',
  isUp: true,
  isEthernet: true,
  mac: macBytes('02:00:00:00:00:01'),
  parent: 0,
  kind: '',
  isPrivate: false,
  ipvlanMode: null,
}
const device = {
  kind: 'macvlan',
  name: 'vrrp.51',
  parent: 'eth0',
  mac: macBytes('00:00:5e:00:01:33'),
} as const
const found: LinkDetail = {
  ...eth0,
  index: 7,
  name: 'vrrp.51',
  mac: device.mac,
  parent: 2,
  kind: 'macvlan',
  isPrivate: true,
}

const router: VirtualRouterConfig = {
  ...ROUTER_DEFAULTS,
  name: 'web',
  interface: 'eth0',
  vrid: 51,
  family: 'ipv4',
  addresses: [
    { address: knownAddress('192.0.2.100'), prefixLength: 24 },
    { address: knownAddress('198.51.100.100'), prefixLength: 24, device: 'eth1' },
  ],
  excludedAddresses: [
    { address: knownAddress('fe80::100'), prefixLength: 64 },
    { address: knownAddress('2001:db8::100'), prefixLength: 64, device: 'eth1' },
  ],
  virtualMac: {
    name: 'vrrp.51',
    address: '00:00:5e:00:01:33',
    parent: 'eth0',
    transmitFrom: 'virtual',
    onOtherInterfaces: true,
  },
}

describe('the devices of a router', () => {
  it('are its own and one for each other interface its addresses are on', () => {
    expect(devicesOf(router)).toEqual([device, { ...device, name: 'vrrp.51.eth1', parent: 'eth1' }])
    expect(devicesOf({ ...router, virtualMac: null })).toEqual([])
  })

  it('keepalived-and-vrrp.md §1.13: an existing one is reused if name, MAC and mode match', () => {
    expect(mismatch(device, found, eth0)).toBeNull()
    // The kernel makes a macvlan of a macvlan on what the lower one is on.
    expect(mismatch(device, found, { ...eth0, index: 5, kind: 'macvlan', parent: 2 })).toBeNull()
  })

  it.each([
    [{ kind: 'bridge' }, 'vrrp.51 exists and is no macvlan'],
    [{ isPrivate: false }, 'vrrp.51 exists and is not in private mode'],
    [{ mac: macBytes('00:00:5e:00:01:34') }, 'vrrp.51 exists with another MAC address'],
    [{ parent: 3 }, 'vrrp.51 exists on another interface than eth0'],
  ])('keepalived-and-vrrp.md §1.13: and not with %j', (changes, why) => {
    expect(mismatch(device, { ...found, ...changes }, eth0)).toBe(why)
  })

  it('keepalived-and-vrrp.md §1.13: Ethernet only', () => {
    expect(unsuitable('macvlan', eth0)).toBeNull()
    const ppp0 = { ...eth0, name: 'ppp0', isEthernet: false }
    expect(unsuitable('macvlan', ppp0)).toBe('ppp0 is no Ethernet interface; a virtual MAC needs one')
    expect(unsuitable('ipvlan', ppp0)).toBe('ppp0 is no Ethernet interface; an ipvlan needs one')
  })
})

describe('the device of a router with ipvlan', () => {
  const ipvlan: Device = { kind: 'ipvlan', name: 'vrrp.51', parent: 'eth0', mode: 'private' }
  const there: LinkDetail = {
    ...found,
    kind: 'ipvlan',
    mac: eth0.mac,
    isPrivate: false,
    ipvlanMode: 'private',
  }

  it('is one, and none for addresses that are on other interfaces', () => {
    const config = { name: 'vrrp.51', mode: 'private', address: null } as const
    expect(devicesOf({ ...router, virtualMac: null, ipvlan: config })).toEqual([ipvlan])
  })

  it('is reused where name, mode and interface match', () => {
    expect(mismatch(ipvlan, there, eth0)).toBeNull()
    expect(mismatch(ipvlan, there, { ...eth0, index: 5, kind: 'ipvlan', parent: 2 })).toBeNull()
  })

  it.each([
    [{ kind: 'macvlan' }, 'vrrp.51 exists and is no ipvlan'],
    [{ ipvlanMode: 'bridge' }, 'vrrp.51 exists and is not in mode l2 private'],
    [{ ipvlanMode: null }, 'vrrp.51 exists and is not in mode l2 private'],
    [{ parent: 3 }, 'vrrp.51 exists on another interface than eth0'],
  ] as const)('and not with %j', (changes, why) => {
    expect(mismatch(ipvlan, { ...there, ...changes }, eth0)).toBe(why)
  })

  it('that the kernel refuses is told with the remedy', () => {
    expect(refused(ipvlan, 'ENOTSUP: Unknown device type')).toBe(
      'cannot make vrrp.51 on eth0: ENOTSUP: Unknown device type. This kernel has no ipvlan: load the module (modprobe ipvlan), or write virtualMac',
    )
    expect(refused(ipvlan, 'EBUSY')).toBe(
      'cannot make vrrp.51 on eth0: EBUSY. eth0 carries macvlans, or is in a bridge or bond: write virtualMac, or another interface',
    )
    expect(refused(ipvlan, 'EPERM')).toBe('cannot make vrrp.51 on eth0: EPERM')
    expect(refused(device, 'EBUSY')).toBe('cannot make vrrp.51 on eth0: EBUSY')
  })
})

it('what is kept out: each address by itself, a link-local one on its device only', () => {
  const elements = elementsOf(router, (name) => (name === 'vrrp.51' ? 0x01020304 : null))
  expect(elements.map(({ set, key }) => `${set} ${Buffer.from(key).toString('hex')}`)).toEqual([
    'ipv4 c0000264',
    'ipv4 c6336464',
    'linkLocal fe80000000000000000000000000010004030201',
    'ipv6 20010db8000000000000000000000100',
  ])
})
