import { describe, expect, it } from 'vitest'
import { settingsBelow, settingsOfDevice, type WantedSetting } from './kernel-settings.ts'

const map = (settings: readonly WantedSetting[]) =>
  Object.fromEntries(settings.map(({ path, value }) => [path.replace('net/', ''), value]))

describe('a device with a virtual MAC address', () => {
  const settings = map(settingsOfDevice('vrrp.51'))

  it('RFC 9568 §7.4: derives no interface identifier from it, neither for link-local addresses nor for others', () => {
    expect(settings).toMatchObject({
      'ipv6/conf/vrrp.51/addr_gen_mode': '1',
      'ipv6/conf/vrrp.51/autoconf': '0',
      'ipv6/conf/vrrp.51/accept_ra': '0',
      'ipv6/conf/vrrp.51/router_solicitations': '0',
    })
  })

  it('RFC 9568 §8.1.2: answers ARP for its own addresses alone; the interface below neither answers nor asks in their name', () => {
    expect(settings).toMatchObject({
      'ipv4/conf/vrrp.51/arp_ignore': '1',
      'ipv4/conf/vrrp.51/arp_announce': '2',
    })
    expect(map(settingsBelow('eth0'))).toEqual({
      'ipv4/conf/eth0/arp_ignore': '1',
      'ipv4/conf/eth0/arp_filter': '1',
      'ipv4/conf/eth0/arp_announce': '2',
    })
  })
})
