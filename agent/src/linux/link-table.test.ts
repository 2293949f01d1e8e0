import { type Address, parseAddress } from '@aloft/shared/network/address'
import { describe, expect, it } from 'vitest'
import { LinkTable, type LinkTableOptions } from './link-table.ts'
import type { KernelMessage } from './rtnetlink.ts'

function address(text: string): Address {
  const parsed = parseAddress(text)
  if (parsed === null) throw new Error(`not an address: ${text}`)
  return parsed
}
const [real, other, vip] = [address('192.0.2.1'), address('203.0.113.1'), address('192.0.2.100')]

function link(name = 'eth0', { index = 2, up = true, gone = false } = {}): KernelMessage {
  return { kind: 'link', gone, link: { index, name, up, promotesSecondaries: true, mac: new Uint8Array(6) } }
}
function has(text: Address, { origin = 0, scope = 0, gone = false } = {}): KernelMessage {
  return {
    kind: 'address',
    gone,
    port: 0,
    address: { index: 2, address: text, prefixLength: 24, scope, origin },
  }
}
function table(messages: readonly KernelMessage[], options: Partial<LinkTableOptions> = {}): LinkTable {
  const made = new LinkTable({ isVirtual: (_, each) => each === vip, keepsOrigin: true, ...options })
  made.replace(messages)
  return made
}

describe('the primary address', () => {
  const primary = (messages: readonly KernelMessage[]) => table([link(), ...messages]).state('eth0')?.ipv4

  it('is the first that is not virtual', () => {
    expect(primary([has(real), has(other)])).toBe(real)
    expect(primary([has(vip), has(real)])).toBe(real)
    expect(primary([has(vip, { origin: 112 }), has(other)])).toBe(other)
  })

  it('is the virtual one for its owner, unless a router put it there', () => {
    expect(primary([has(vip)])).toBe(vip)
    expect(primary([has(vip, { origin: 112 })])).toBeNull()
  })

  it('is never one for this host only', () => expect(primary([has(real, { scope: 254 })])).toBeNull())

  it('is the next one when it goes', () => {
    expect(primary([has(real), has(other), has(real, { gone: true })])).toBe(other)
  })

  it('is not what this process has just added, though the kernel has told nobody yet', () => {
    const made = table([link(), has(other)])
    made.noteAdded(2, other)
    expect(made.state('eth0')?.ipv4).toBeNull()
  })
})

describe('the IPv6 address to speak from', () => {
  const [own, virtual, routable] = [address('fe80::1'), address('fe80::100'), address('2001:db8::1')]
  const LINK = { scope: 253 }
  const made = (messages: readonly KernelMessage[]) =>
    table([link(), ...messages], { isVirtual: (_, each) => each === virtual }).state('eth0')

  it('RFC 9568 §5.1.2.1: is the first link-local one that is not virtual', () => {
    expect(made([has(virtual, LINK), has(routable), has(own, LINK)])?.ipv6).toBe(own)
    expect(made([has(own, { ...LINK, origin: 112 })])?.ipv6).toBeNull()
  })

  it('is none that duplicate address detection has not finished with', () => {
    const notice = has(own, LINK)
    if (notice.kind !== 'address') throw new Error('an address')
    const tentative = { ...notice, address: { ...notice.address, isTentative: true } }
    expect(made([tentative])?.ipv6).toBeNull()
    expect(made([tentative, notice])?.ipv6).toBe(own)
  })

  it('has the other addresses of the host beside it, without those of virtual routers', () => {
    const state = made([has(real), has(other), has(own, LINK), has(routable), has(vip, { origin: 112 })])
    expect(state).toMatchObject({ ipv4: real, ipv6: own, others: [other, routable] })
  })
})

describe('ownership', () => {
  it('is told by the mark', () => {
    const made = table([link(), has(real), has(vip, { origin: 112 })])
    expect([made.isOurs(2, real), made.isOurs(2, vip)]).toEqual([false, true])
    expect(made.held('eth0')).toEqual([{ address: vip, prefixLength: 24 }])
  })

  it('is told by the configuration where the kernel keeps no mark', () => {
    const made = table([link(), has(real), has(vip)], { keepsOrigin: false })
    expect([made.isOurs(2, real), made.isOurs(2, vip)]).toEqual([false, true])
  })

  it('outlives the late echo of a removal', () => {
    const made = table([link()])
    made.noteAdded(2, vip)
    made.noteRemoved(2, vip)
    made.noteAdded(2, vip)
    made.apply([has(vip), has(vip, { gone: true })])
    expect(made.isOurs(2, vip)).toBe(true)
  })

  it('ends with the interface', () => {
    const made = table([link()])
    made.noteAdded(2, vip)
    made.apply([link('eth0', { gone: true }), link('eth0')])
    expect(made.isOurs(2, vip)).toBe(false)
  })
})

describe('interfaces', () => {
  it('have neighbours in the networks of their own addresses, not in those of virtual ones', () => {
    const made = table([link(), has(real), has(vip, { origin: 112 })])
    expect(made.state('eth0')?.prefixes).toEqual([{ address: real, prefixLength: 24 }])
  })

  it('keep their addresses when their flags change', () => {
    const made = table([link(), has(real), link('eth0', { up: false })])
    expect(made.state('eth0')).toMatchObject({ up: false, ipv4: real, ipv6: null })
  })

  it('answer to their new name only', () => {
    const made = table([link(), has(real), link('wan0')])
    expect(made.state('eth0')).toBeNull()
    expect(made.state('wan0')?.ipv4).toBe(real)
  })

  it('have a link-local IPv6 address or none', () => {
    const global = address('2001:db8::1')
    const local = address('fe80::1')
    expect(table([link(), has(global)]).state('eth0')?.ipv6).toBeNull()
    expect(table([link(), has(global), has(local, { scope: 253 })]).state('eth0')?.ipv6).toBe(local)
  })

  it('that a new dump lacks are gone', () => {
    const made = table([link(), has(real)])
    made.replace([link('lo', { index: 1 })])
    expect(made.state('eth0')).toBeNull()
    expect(made.names()).toEqual(['lo'])
  })
})
