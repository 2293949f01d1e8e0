import { familyOf } from '../network/address.ts'
import type { VirtualRouterConfig } from './agent-config.ts'
import type { RouterFinding } from './rules.ts'
import type { VirtualRouterDocument } from './schema.ts'
import { INTERFACE_NAME_MAX } from './virtual-link-config.ts'
import { virtualMacOf } from './virtual-link-schema.ts'

/** What must hold of the virtual MAC and of accept mode. `router` has its addresses of both families still together. */
export function virtualLinkRules(
  document: VirtualRouterDocument,
  router: VirtualRouterConfig,
): RouterFinding[] {
  return [...acceptRules(document), ...macRules(document, router), ...strictRules(document)]
}

function error(code: string, key: RouterFinding['key'], message: string, hint: string | null): RouterFinding {
  return { severity: 'error', code, message, hint, key, at: 'value' }
}

function warning(code: string, key: RouterFinding['key'], message: string, hint: string): RouterFinding {
  return { severity: 'warning', code, message, hint, key, at: 'value' }
}

function acceptRules({ priority, accept }: VirtualRouterDocument): RouterFinding[] {
  if (priority !== 255 || accept !== false) return []
  const message = 'priority 255 owns the addresses and always accepts packets to them; accept is ignored'
  return [warning('owner-accepts', ['accept'], message, 'remove accept, or write a priority of 254 or less')]
}

function macRules(document: VirtualRouterDocument, router: VirtualRouterConfig): RouterFinding[] {
  const { virtualMac } = router
  if (virtualMac === null) return []
  const written = document.virtualMac === true || document.virtualMac === false ? null : document.virtualMac
  const findings: RouterFinding[] = []
  if (virtualMac.parent === 'lo') {
    const key = written?.interface === undefined ? ['interface'] : ['virtualMac', 'interface']
    const message = 'lo has no Ethernet below it; a virtual MAC needs an Ethernet interface'
    findings.push(error('virtual-mac-interface', key, message, 'write an Ethernet interface'))
  }
  const families = new Set(router.addresses.map(({ address }) => familyOf(address)))
  const names = [...families].map((family) => virtualMacOf(router, family)?.name ?? '')
  const long = names.find((name) => name.length > INTERFACE_NAME_MAX)
  if (long !== undefined) {
    const message = `the device of the IPv6 addresses would be called ${long}; names have ${INTERFACE_NAME_MAX} characters at most`
    findings.push(error('virtual-mac-name-too-long', ['virtualMac', 'name'], message, 'write a shorter name'))
  }
  if (names.includes(document.interface)) {
    const message = `${document.interface} is the interface itself; the device with the virtual MAC is another`
    findings.push(error('virtual-mac-name-taken', ['virtualMac', 'name'], message, 'write another name'))
  }
  if (router.unicast !== null) {
    const message = 'advertisements to peers leave with the MAC address of the interface, not the virtual one'
    const hint = 'write virtualMac: { transmitFrom: base } to say that it is meant'
    if (written?.transmitFrom !== 'base')
      findings.push(warning('virtual-mac-unicast', ['virtualMac'], message, hint))
  }
  if (written === null) return findings
  return [
    ...findings,
    ...addressRules(written.address, families.size),
    ...transmitRules(document, written.transmitFrom),
  ]
}

function addressRules(address: string | undefined, families: number): RouterFinding[] {
  if (address === undefined) return []
  const key = ['virtualMac', 'address']
  const first = Number.parseInt(address.slice(0, 2), 16)
  if ((first & 1) === 1 || /^(00:){5}00$/.test(address)) {
    const message = `${address} is no MAC address a host may have`
    return [
      error(
        'virtual-mac-address',
        key,
        message,
        'write one whose first byte is even, for example 02:00:5e:00:01:33',
      ),
    ]
  }
  if (families < 2) return []
  const message =
    'address would be that of two devices, one for each family; an interface takes each MAC address once'
  return [
    error('virtual-mac-families', key, message, 'remove address, or write a virtual router for each family'),
  ]
}

function transmitRules(document: VirtualRouterDocument, transmitFrom: 'virtual' | 'base'): RouterFinding[] {
  const key = ['virtualMac', 'transmitFrom']
  const { unicast, announcements } = document
  const isWritten = document.virtualMac !== true && transmitFrom === 'base'
  if (unicast !== undefined || !isWritten || announcements?.refresh !== undefined) return []
  const message =
    'nothing leaves from the virtual MAC while the router is active; switches forget where it is'
  return [
    warning(
      'virtual-mac-silent',
      key,
      message,
      'write announcements: { refresh: 60s }, or less than the switches’ ageing time',
    ),
  ]
}

/** What only one router of a node may have: the name of its device, and its MAC address on an interface. */
export function virtualMacClaims(router: VirtualRouterConfig) {
  const { virtualMac } = router
  if (virtualMac === null) return []
  const { name, address, parent } = virtualMac
  return [
    {
      identity: `device ${name}`,
      code: 'virtual-mac-name-taken',
      what: `the device ${name} of virtualMac`,
      hint: 'write virtualMac: { name: … } with a name of its own',
      key: ['virtualMac'],
    },
    {
      identity: `mac ${address} ${parent}`,
      code: 'virtual-mac-address-taken',
      what: `the MAC address ${address} on ${parent}`,
      hint: 'an interface takes each MAC address once',
      key: ['virtualMac'],
    },
  ]
}

/** keepalived-and-vrrp.md §2.12: strict allows no MAC address but the RFC's, and sends from no other. */
function strictRules({ strict, virtualMac, accept, priority }: VirtualRouterDocument): RouterFinding[] {
  if (!strict) return []
  const findings: RouterFinding[] = []
  const strictly = (what: string, key: string[], message: string) =>
    findings.push(
      error(`strict-${what}`, key, `strict: ${message}`, `remove ${key.join('.')}, or write strict: false`),
    )
  if (typeof virtualMac !== 'boolean' && virtualMac.address !== undefined)
    strictly(
      'virtual-mac-address',
      ['virtualMac', 'address'],
      'the MAC address is the one RFC 9568 gives the VRID',
    )
  if (typeof virtualMac !== 'boolean' && virtualMac.transmitFrom === 'base')
    strictly('transmit-from', ['virtualMac', 'transmitFrom'], 'advertisements carry the virtual MAC address')
  if (accept === true && priority !== 255)
    strictly('accept', ['accept'], 'only the owner of the addresses accepts packets to them')
  return findings
}
