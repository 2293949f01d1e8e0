/** What must hold between the keys of what is held. keepalived logs most of it and goes on without (§1.5–§1.7). */
import { type Family, familyOf } from '../network/address.ts'
import { formatPrefix, parsePrefix } from '../network/prefix.ts'
import type { VirtualRouterConfig } from './agent-config.ts'
import type { Finding, Path } from './diagnostic.ts'
import { error, warning } from './finding.ts'
import { ADVERTISED_MAX } from './holdings-overflow.ts'
import {
  familyOfRoute,
  familyOfRule,
  rangeOf,
  resolveAddress,
  resolveRoute,
  resolveRule,
} from './holdings-resolve.ts'
import { type AddressDocument, type RouteDocument, type RuleDocument, staticKeys } from './holdings-schema.ts'
import type { VirtualRouterDocument } from './schema.ts'
import { unusable } from './unusable-address.ts'

const NAME: Readonly<Record<Family, string>> = { ipv4: 'IPv4', ipv6: 'IPv6' }

/** Paths begin at the router. */
export function holdingsFindings(document: VirtualRouterDocument, router: VirtualRouterConfig): Finding[] {
  const device = router.interface
  return [
    ...overflow(document),
    ...document.addresses.flatMap((each, i) => addressFindings(each, { path: ['addresses', i], device })),
    ...document.excludedAddresses.flatMap((each, i) => [
      ...unusableFinding(each, ['excludedAddresses', i]),
      ...addressFindings(each, { path: ['excludedAddresses', i], device }),
    ]),
    ...routingFindings(document, []),
  ]
}

/** `value` is the whole document, sound or not; names are those of its virtual routers. */
export function staticRules(value: object): readonly Finding[] {
  const parsed = staticKeys.static.safeParse('static' in value ? value.static : undefined)
  if (!parsed.success || parsed.data === undefined) return []
  const { addresses, routes, rules } = parsed.data
  const items = { addresses, routes, rules }
  return [
    ...addresses.flatMap((each, i) => [
      ...unusableFinding(each, ['static', 'addresses', i]),
      ...addressFindings(each, { path: ['static', 'addresses', i], device: each.device }),
    ]),
    ...routingFindings({ routes, rules }, ['static']),
    ...Object.entries(items).flatMap(([kind, list]) =>
      list.flatMap(({ withRouters }, i) =>
        withRouters.flatMap((name, place) =>
          namesIn(value).includes(name)
            ? []
            : [
                error({
                  code: 'unknown-router',
                  message: `there is no virtual router ${name}`,
                  hint: 'name one of virtualRouters',
                  path: ['static', kind, i, 'withRouters', place],
                }),
              ],
        ),
      ),
    ),
  ]
}

function namesIn(value: object): readonly string[] {
  if (!('virtualRouters' in value) || !Array.isArray(value.virtualRouters)) return []
  return value.virtualRouters.flatMap((router: unknown) =>
    typeof router === 'object' && router !== null && 'name' in router ? [String(router.name)] : [],
  )
}

/** keepalived-and-vrrp.md §1.5: more addresses than an advertisement holds are held all the same. */
function overflow({ addresses }: VirtualRouterDocument): Finding[] {
  return (['ipv4', 'ipv6'] as const).flatMap((family) => {
    const places = addresses.flatMap((each, i) =>
      familyOf(resolveAddress(each).address) === family ? [i] : [],
    )
    const first = places[ADVERTISED_MAX[family]]
    if (first === undefined) return []
    const message = `an advertisement has room for ${ADVERTISED_MAX[family]} ${NAME[family]} addresses; ${places.length - ADVERTISED_MAX[family]} from here on are held, and not advertised`
    const hint = 'move them to excludedAddresses, or split them over several virtual routers'
    return [warning({ code: 'too-many-addresses', message, hint, path: ['addresses', first] })]
  })
}

interface Place {
  readonly path: Path
  readonly device: string
}

function unusableFinding(written: AddressDocument, path: Path): Finding[] {
  const { address } = resolveAddress(written)
  const kind = unusable(address)
  if (kind === null || (typeof written !== 'string' && written.autojoin)) return []
  return [
    error({
      code: 'unusable-address',
      message: `${address} is ${kind}`,
      hint: 'write a unicast address',
      path,
    }),
  ]
}

const IPV4_KEYS = ['label', 'scope', 'broadcast'] as const
const IPV6_KEYS = ['dad', 'home', 'mngtmpaddr'] as const

function addressFindings(written: AddressDocument, { path, device }: Place): Finding[] {
  if (typeof written === 'string') return []
  const { address, peer, broadcast } = resolveAddress(written)
  const family = familyOf(address)
  const strange = family === 'ipv6' ? IPV4_KEYS : IPV6_KEYS
  const other = family === 'ipv6' ? 'ipv4' : 'ipv6'
  const findings = strange.flatMap((key) => {
    if (written[key] === undefined || written[key] === false) return []
    const message = `${key} is of ${NAME[other]} addresses only; ${address} is ${NAME[family]}`
    return [error({ code: `${key}-family`, message, hint: 'remove it', path: [...path, key] })]
  })
  const on = written.device ?? device
  if (family === 'ipv4' && written.label !== undefined && !isLabelOf(written.label, on)) {
    const message = `label ${written.label} does not begin with the interface, ${on}`
    findings.push(
      error({ code: 'label-device', message, hint: `write ${on}:NAME`, path: [...path, 'label'] }),
    )
  }
  for (const [key, value] of [
    ['peer', peer?.address],
    ['broadcast', broadcast],
  ] as const) {
    if (value === undefined || familyOf(value) === family || findings.length > 0) continue
    const message = `${value} is not of the family of ${address}`
    findings.push(error({ code: 'mixed-families', message, hint: null, path: [...path, key] }))
  }
  return findings
}

function isLabelOf(label: string, device: string): boolean {
  return label === device || label.startsWith(`${device}:`)
}

function routingFindings(
  { routes, rules }: { routes: readonly RouteDocument[]; rules: readonly RuleDocument[] },
  above: Path,
): Finding[] {
  return [
    ...routes.flatMap((each, i) => routeFindings(each, [...above, 'routes', i])),
    ...repeated(routes.map(identityOfRoute), { code: 'duplicate-route', path: [...above, 'routes'] }),
    ...rules.flatMap((each, i) => ruleFindings(each, i, [...above, 'rules', i])),
    ...repeated(
      rules.map((each, i) => JSON.stringify(resolveRule(each, i))),
      {
        code: 'duplicate-rule',
        path: [...above, 'rules'],
      },
    ),
  ]
}

function identityOfRoute(written: RouteDocument): string {
  const { family, to, table, tos, metric, type } = resolveRoute(written)
  return `${family} ${formatPrefix(to)} ${table} ${tos} ${metric} ${type}`
}

function repeated(identities: readonly string[], { code, path }: { code: string; path: Path }): Finding[] {
  return identities.flatMap((identity, i) => {
    const first = identities.indexOf(identity)
    if (first === i) return []
    const message = `it is the same as the ${code === 'duplicate-route' ? 'route' : 'rule'} at place ${first + 1}`
    return [error({ code, message, hint: 'remove one, or give them different metrics', path: [...path, i] })]
  })
}

const DROPPING = ['blackhole', 'unreachable', 'prohibit', 'throw']

function routeFindings(written: RouteDocument, path: Path): Finding[] {
  const family = familyOfRoute(written)
  const { via, device, nexthops, type } = written
  const findings: Finding[] = []
  const add = (code: string, key: string, message: string, hint: string | null) =>
    findings.push(error({ code, message, hint, path: [...path, key] }))
  if (nexthops !== undefined && (via !== undefined || device !== undefined))
    add(
      'route-nexthops',
      'nexthops',
      'nexthops stand instead of via and device',
      'write all of them under nexthops',
    )
  else if (DROPPING.includes(type) && (via ?? device ?? nexthops) !== undefined)
    add(
      'route-type',
      'type',
      `a ${type} route leads nowhere; it has no via, device or nexthops`,
      'remove them',
    )
  else if (!DROPPING.includes(type) && (via ?? device ?? nexthops) === undefined)
    add('route-target', 'to', 'the route does not say where to', 'write via, device or nexthops')
  const gateways = [['via', via] as const, ...(nexthops ?? []).map((hop) => ['nexthops', hop.via] as const)]
  for (const [key, gateway] of gateways) {
    if (gateway !== undefined && family === 'ipv6' && !gateway.includes(':'))
      add('mixed-families', key, `an IPv6 route has no IPv4 gateway ${gateway}`, null)
  }
  if (written.source !== undefined && written.source.includes(':') !== (family === 'ipv6'))
    add('mixed-families', 'source', `${written.source} is not of the family of the route`, null)
  for (const key of ['expires', 'preference'] as const) {
    if (family === 'ipv4' && written[key] !== undefined)
      add(`${key}-family`, key, `${key} is of IPv6 routes only`, 'remove it')
  }
  return findings
}

function ruleFindings(written: RuleDocument, index: number, path: Path): Finding[] {
  const findings: Finding[] = []
  const add = (code: string, key: string, message: string, hint: string | null) =>
    findings.push(error({ code, message, hint, path: [...path, key] }))
  const { action, goto, table, l3mdev, to } = written
  const targets = [action, goto, table].filter((each) => each !== undefined).length + Number(l3mdev)
  if (targets !== 1) {
    const message = targets === 0 ? 'the rule does not say what to do' : 'the rule says several things to do'
    findings.push(
      error({ code: 'rule-target', message, hint: 'write one of table, goto, action and l3mdev', path }),
    )
  }
  const { priority } = resolveRule(written, index)
  if (goto !== undefined && goto <= priority)
    add(
      'rule-goto',
      'goto',
      `goto ${goto} does not lead onward from priority ${priority}`,
      'write a larger number',
    )
  const toFamily = to === undefined ? null : (parsePrefix(to)?.address ?? null)
  if (toFamily !== null && familyOf(toFamily) !== familyOfRule(written))
    add('mixed-families', 'to', `${to} is not of the family of ${written.from}`, null)
  for (const key of ['users', 'sourcePorts', 'destinationPorts'] as const) {
    const range = written[key]
    if (range === undefined || rangeOf(range).first <= rangeOf(range).last) continue
    add('bad-range', key, `${key} ends before it begins`, null)
  }
  return findings
}
