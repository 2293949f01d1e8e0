/** Agents with ipvlans, on a kernel that has them: two hosts on a LAN inside a machine of its own, of one core. */
import path from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { runGuest } from './guest.ts'

const WITHIN_MS = 240_000
let seen: ReadonlyMap<string, unknown>

beforeAll(async () => {
  seen = await runGuest({
    program: path.join(import.meta.dirname, 'ipvlan.program.ts'),
    programs: ['ip', 'tcpdump'],
    modules: ['llc', 'stp', 'bridge', 'veth'],
    laterModules: ['ipvlan'],
    withinMs: WITHIN_MS,
  })
}, WITHIN_MS + 30_000)

/** An ipvlan as it must be, with these addresses. */
const ipvlan = (name: string, ...addresses: string[]) => ({
  name,
  kind: 'ipvlan',
  mode: { mode: 'l2', bridge: true },
  isUp: true,
  hasMacOfInterface: true,
  addresses,
})
const HELD = [ipvlan('vrrp.51', '192.0.2.100/24'), ipvlan('vrrp6.51', 'fe80::100/64')]

describe('a kernel without the module', () => {
  it('keeps the router in fault, which names the remedy, until it has been loaded', () => {
    const why = (name: string) => ({
      reason: 'virtual-link',
      what: `cannot make ${name} on eth0: ENOTSUP: Unknown device type. This kernel has no ipvlan: load the module (modprobe ipvlan), or write virtualMac`,
    })
    expect(seen.get('without the module')).toEqual([[why('vrrp.51')], [why('vrrp6.51')]])
    expect(seen.get('once it is loaded')).toEqual(['active', 'active'])
  })
})

describe('an active with ipvlan', () => {
  it('keepalived-and-vrrp.md §1.13: has its addresses on a device of each family with the MAC address of the interface', () => {
    expect(seen.get('the devices of the active')).toEqual(HELD)
    expect(seen.get('what is remembered')).toEqual(['vrrp.51', 'vrrp6.51'])
  })

  it('answers for them, to ARP, neighbour solicitations and echo requests', () => {
    expect(seen.get('who answers')).toEqual(['one', 'one', true])
  })

  it('advertises from the addresses of the interface', () => {
    expect(sources('on the wire')).toEqual(['192.0.2.1', expect.stringMatching(/^fe80::/)])
  })

  it('goes on with the same device when its router process is killed', () => {
    expect(seen.get('after a restart of the router')).toEqual({ isSameDevice: true, isReachable: true })
  })
})

describe('a backup with ipvlan', () => {
  it('hears the active, and has nothing on its devices but an address of its own', () => {
    expect(seen.get('the devices of the backup')).toEqual([
      ipvlan('front', '192.0.2.12/24'),
      ipvlan('front6'),
    ])
  })

  it('takes over when the link of the active is cut, and gives back', () => {
    const devices = [ipvlan('front', '192.0.2.12/24', '192.0.2.100/24'), ipvlan('front6', 'fe80::100/64')]
    expect(seen.get('link cut')).toEqual(['two', true, devices])
    expect(seen.get('link back')).toEqual(['one', true])
  })

  it('keepalived-and-vrrp.md §1.13: advertises from an address of its own, where it has one', () => {
    expect(sources('on the wire, from the other')).toEqual(['192.0.2.12', expect.stringMatching(/^fe80::/)])
  })

  it('takes over when the agent of the active is killed, whose addresses end by themselves', () => {
    expect(seen.get('agent killed')).toEqual(['two', true])
    expect(seen.get('devices that outlive it')).toEqual([ipvlan('vrrp.51'), ipvlan('vrrp6.51')])
    expect(seen.get('agent started again')).toEqual(['one', true])
  })
})

describe('an agent that is stopped', () => {
  it('ends, and leaves neither device nor address', () => {
    expect(seen.get('devices after a stop')).toEqual([])
    expect(seen.get('remembered after a stop')).toEqual([])
    expect(seen.get('devices after both have stopped')).toEqual([])
  })

  it('has put back what it borrowed: rp_filter, and nothing of the interface below', () => {
    const settings = (when: string) => String(seen.get(`the settings of the host, ${when}`)).split('\n')
    expect(settings('before')).toEqual(['1', '0', '0', ''])
    expect(settings('while it runs')).toEqual(['0', '0', '1', ''])
    expect(settings('afterwards')).toEqual(settings('before'))
  })
})

/** Who sent the advertisements, each once, IPv4 first. */
function sources(observed: string): readonly string[] {
  const lines = seen.get(observed)
  if (!Array.isArray(lines)) throw new Error(`the guest did not observe: ${observed}`)
  const found = lines.map(
    (line) => / (\S+) > (?:224\.0\.0\.18|ff02::12): VRRPv3/.exec(String(line))?.[1] ?? line,
  )
  return [...new Set(found)].toSorted()
}
