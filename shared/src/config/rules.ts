import { formatDuration } from '../time/duration.ts'
import type { VirtualRouterConfig } from './agent-config.ts'
import { announcementRules } from './announcements-rules.ts'
import { pairingRules } from './bfd-rules.ts'
import type { Finding } from './diagnostic.ts'
import { electionRules } from './election-rules.ts'
import { resolveAddress } from './holdings-resolve.ts'
import { holdingsFindings } from './holdings-rules.ts'
import type { AddressDocument } from './holdings-schema.ts'
import { intervalRules } from './interval-rules.ts'
import { ipvlanClaims, ipvlanRules, ipvlansOnOneInterface } from './ipvlan-rules.ts'
import { resolveVirtualRouter } from './resolve.ts'
import type { VirtualRouterDocument } from './schema.ts'
import { inFamilies } from './transport-resolve.ts'
import { transportRules } from './transport-rules.ts'
import { unusable } from './unusable-address.ts'
import { virtualLinkRules, virtualMacClaims } from './virtual-link-rules.ts'

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
  return [...own, ...repeated(candidates), ...ipvlansOnOneInterface(candidates)]
}

const routerRules: readonly Rule[] = [
  unusableAddresses,
  (_, router) => intervalRules(router),
  (_, router) => pairingRules(router),
  preemptRules,
  authenticationRules,
  checksumRules,
  transportRules,
  electionRules,
  announcementRules,
  virtualLinkRules,
  ipvlanRules,
  holdingsRules,
]

function holdingsRules(document: VirtualRouterDocument, router: VirtualRouterConfig): RouterFinding[] {
  return holdingsFindings(document, router).map(({ path, ...finding }) => ({ ...finding, key: path }))
}

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

function unusableAddresses(_: VirtualRouterDocument, { addresses }: VirtualRouterConfig) {
  return addresses.flatMap(({ address }, index) => {
    const kind = unusable(address)
    if (kind === null) return []
    return [
      error('unusable-address', ['addresses', index], `${address} is ${kind}`, 'write a unicast address'),
    ]
  })
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
  const { name } = document
  const router = resolveVirtualRouter(document)
  return [
    {
      identity: `name ${name}`,
      code: 'duplicate-name',
      what: `the name ${name}`,
      hint: 'give each its own name',
      key: ['name'],
    },
    ...inFamilies(router).flatMap(wireClaims),
    ...inFamilies(router).flatMap(virtualMacClaims),
    ...inFamilies(router).flatMap(ipvlanClaims),
    ...addressClaims('addresses', document.addresses),
    ...addressClaims('excludedAddresses', document.excludedAddresses),
  ]
}

function addressClaims(key: string, written: readonly AddressDocument[]): Claim[] {
  return written.map(resolveAddress).map(({ address }, index) => ({
    identity: `address ${address}`,
    code: 'duplicate-address',
    what: `the address ${address}`,
    hint: 'an address belongs to one virtual router, once',
    key: [key, index],
  }))
}

/** A VRID may come again where the routers cannot hear each other: in another group, or among other peers. */
function wireClaims(router: VirtualRouterConfig): Claim[] {
  const { interface: onInterface, family, vrid, unicast, multicastGroup } = router
  const places = unicast?.peers.map(({ address }) => `peer ${address}`) ?? [`group ${multicastGroup}`]
  return [...new Set(places)].map((place) => ({
    identity: `vrid ${onInterface} ${family} ${vrid} ${place}`,
    code: 'duplicate-vrid',
    what: `vrid ${vrid} on ${onInterface}${unicast === null ? '' : ` with ${place}`}`,
    hint: 'routers on one LAN need different VRIDs',
    key: ['vrid'],
  }))
}
