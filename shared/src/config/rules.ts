import { addressBytes, familyOf } from '../network/address.ts'
import { formatDuration } from '../time/duration.ts'
import type { VirtualRouterConfig } from './agent-config.ts'
import { announcementRules } from './announcements-rules.ts'
import type { Finding } from './diagnostic.ts'
import { electionRules } from './election-rules.ts'
import { intervalRules } from './interval-rules.ts'
import { resolveVirtualRouter } from './resolve.ts'
import type { VirtualRouterDocument } from './schema.ts'

/** One virtual router whose own keys are sound, and where it stands in the list. */
export interface Candidate {
  readonly index: number
  readonly document: VirtualRouterDocument
}

/** A finding inside one virtual router: `key` is the path from it, `[]` for the router as a whole. */
export type RouterFinding = Omit<Finding, 'path'> & { readonly key: readonly (string | number)[] }

type Rule = (document: VirtualRouterDocument, router: VirtualRouterConfig) => readonly RouterFinding[]

const PREEMPT_DELAY_MAX_MS = 1_000_000

/** Step two, second half: what must hold between the keys of one router, and between routers. */
export function checkRules(candidates: readonly Candidate[]): Finding[] {
  const own = candidates.flatMap(({ index, document }) => {
    const router = resolveVirtualRouter(document)
    return routerRules.flatMap((rule) =>
      rule(document, router).map(
        ({ key, ...finding }): Finding => ({
          ...finding,
          path: ['virtualRouters', index, ...key],
        }),
      ),
    )
  })
  return [...own, ...repeated(candidates)]
}

const routerRules: readonly Rule[] = [
  mixedFamilies,
  familyOfVersion,
  unusableAddresses,
  (_, router) => intervalRules(router),
  preemptRules,
  authenticationRules,
  checksumRules,
  sourceRules,
  electionRules,
  announcementRules,
]

function error(code: string, key: RouterFinding['key'], message: string, hint: string | null): RouterFinding {
  return { severity: 'error', code, message, hint, key, at: 'value' }
}

function warning(
  code: string,
  key: RouterFinding['key'],
  message: string,
  hint: string | null,
): RouterFinding {
  return { severity: 'warning', code, message, hint, key, at: 'value' }
}

function mixedFamilies(document: VirtualRouterDocument, { addresses, family }: VirtualRouterConfig) {
  const index = addresses.findIndex(({ address }) => familyOf(address) !== family)
  if (index === -1) return []
  const message = `addresses mixes IPv4 and IPv6: ${document.addresses[0]} and ${document.addresses[index]}`
  return [error('mixed-families', ['addresses', index], message, 'write a virtual router for each family')]
}

function familyOfVersion({ version }: VirtualRouterDocument, { family }: VirtualRouterConfig) {
  if (family === 'ipv4') return []
  if (version === 2) {
    return [error('version-family', ['version'], 'VRRP version 2 carries IPv4 only', 'write version: 3')]
  }
  return [
    error(
      'not-supported-yet',
      ['addresses', 0],
      'IPv6 virtual routers are not supported by this version yet',
      'use IPv4 addresses',
    ),
  ]
}

function unusableAddresses(_: VirtualRouterDocument, { addresses }: VirtualRouterConfig) {
  return addresses.flatMap(({ address }, index) => {
    const kind = unusable(addressBytes(address))
    if (kind === null) return []
    return [
      error('unusable-address', ['addresses', index], `${address} is ${kind}`, 'write a unicast address'),
    ]
  })
}

/** Why no host can hold an address; null when one can. */
function unusable(bytes: Uint8Array): string | null {
  const [first = 0] = bytes
  if (bytes.length === 16) {
    if (first === 0xff) return 'a multicast address'
    return bytes.slice(0, 15).every((byte) => byte === 0) && (bytes[15] ?? 0) <= 1
      ? 'unspecified or loopback'
      : null
  }
  if (first === 0) return 'not an address of a host'
  if (first === 127) return 'a loopback address'
  if (first >= 224) return first >= 240 ? 'a reserved or broadcast address' : 'a multicast address'
  return null
}

function preemptRules({ priority, preempt }: VirtualRouterDocument, router: VirtualRouterConfig) {
  if (priority === 255 && preempt !== true) {
    const message = 'priority 255 owns the addresses and always preempts; preempt is ignored'
    return [
      warning('owner-preempts', ['preempt'], message, 'remove preempt, or write a priority of 254 or less'),
    ]
  }
  if (router.preempt.delayMs <= PREEMPT_DELAY_MAX_MS) return []
  const message = `delay must be from 0s to 1000s, not ${formatDuration(router.preempt.delayMs)}`
  return [error('out-of-range', ['preempt', 'delay'], message, null)]
}

function authenticationRules({ version, authentication }: VirtualRouterDocument) {
  if (authentication === undefined) return []
  if (version === 3) {
    const message = 'VRRP version 3 has no authentication'
    return [error('authentication-version', ['authentication'], message, 'remove it, or write version: 2')]
  }
  const length = utf8Length(authentication.password)
  if (length <= 8) return []
  const message = `password is ${length} bytes long; VRRP version 2 carries 8 at most`
  return [
    error(
      'password-too-long',
      ['authentication', 'password'],
      message,
      'shorten it on every router of the group',
    ),
  ]
}

function utf8Length(text: string): number {
  let length = 0
  for (const character of text) {
    const point = character.codePointAt(0) ?? 0
    length += point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4
  }
  return length
}

function checksumRules({ version, checksum }: VirtualRouterDocument) {
  if (version === 3 || checksum === 'pseudo-header') return []
  return [warning('checksum-version', ['checksum'], 'checksum has no effect on VRRP version 2', 'remove it')]
}

function sourceRules(_: VirtualRouterDocument, { sourceAddress, family }: VirtualRouterConfig) {
  if (sourceAddress === null) return []
  if (familyOf(sourceAddress) !== family) {
    return [
      error(
        'mixed-families',
        ['sourceAddress'],
        `${sourceAddress} is not of the family of the addresses`,
        null,
      ),
    ]
  }
  const kind = unusable(addressBytes(sourceAddress))
  return kind === null
    ? []
    : [error('unusable-address', ['sourceAddress'], `${sourceAddress} is ${kind}`, 'write a unicast address')]
}

/** What only one virtual router of a node may have: its name, its VRID on an interface, an address. */
function repeated(candidates: readonly Candidate[]): Finding[] {
  const seen = new Map<string, string>()
  const findings: Finding[] = []
  for (const { index, document } of candidates) {
    for (const claim of claims(document)) {
      const holder = seen.get(claim.identity)
      if (holder === undefined) seen.set(claim.identity, document.name)
      else {
        const { code, hint, key } = claim
        findings.push({
          severity: 'error',
          code,
          hint,
          at: 'value',
          message: `${claim.what} is already used by ${holder === document.name ? 'another virtual router' : `virtual router ${holder}`}`,
          path: ['virtualRouters', index, ...key],
        })
      }
    }
  }
  return findings
}

interface Claim {
  readonly identity: string
  readonly code: string
  readonly what: string
  readonly hint: string
  readonly key: readonly (string | number)[]
}

function claims(document: VirtualRouterDocument): Claim[] {
  const { name, vrid } = document
  const { family, addresses } = resolveVirtualRouter(document)
  const onInterface = document.interface
  return [
    {
      identity: `name ${name}`,
      code: 'duplicate-name',
      what: `the name ${name}`,
      hint: 'give each its own name',
      key: ['name'],
    },
    {
      identity: `vrid ${onInterface} ${family} ${vrid}`,
      code: 'duplicate-vrid',
      what: `vrid ${vrid} on ${onInterface}`,
      hint: 'routers on one LAN need different VRIDs',
      key: ['vrid'],
    },
    ...addresses.map(({ address }, index) => ({
      identity: `address ${address}`,
      code: 'duplicate-address',
      what: `the address ${address}`,
      hint: 'an address belongs to one virtual router, once',
      key: ['addresses', index],
    })),
  ]
}
