import { type Address, addressBytes, familyOf } from '../network/address.ts'
import { formatDuration } from '../time/duration.ts'
import type { VirtualRouterConfig } from './agent-config.ts'
import { type BfdSessionConfig, PAIRING_DEFAULTS, type PairingConfig } from './bfd-config.ts'
import { resolveBfdSession } from './bfd-resolve.ts'
import { bfdKeys } from './bfd-schema.ts'
import type { Finding, Path } from './diagnostic.ts'
import type { RouterFinding } from './rules.ts'

/** What must hold between the keys of a BFD session, between sessions, and between pairing and its virtual router. */

const INTERVAL_MAX_MS = 1_000_000
const SLOW_MS = 10_000
const IDLE_MIN_MS = 1_000
const MULTIPLIER_HIGH = 10

type SessionFinding = Omit<Finding, 'path' | 'at'> & { readonly key: string }

/** Every rule on the `bfd` list of a document, as far as its entries are sound by themselves. */
export function bfdRules(document: unknown): Finding[] {
  if (typeof document !== 'object' || document === null || !('bfd' in document)) return []
  const parsed = bfdKeys.bfd.safeParse(document.bfd)
  if (!parsed.success) return []
  const sessions = parsed.data.map(resolveBfdSession)
  const own = sessions.flatMap((session, index) =>
    [...intervalFindings(session), ...endFindings(session), ...hopFindings(session)].map((finding) =>
      placed(finding, ['bfd', index]),
    ),
  )
  return [...own, ...repeatedSessions(sessions)]
}

function placed({ key, ...finding }: SessionFinding, path: Path): Finding {
  return { ...finding, path: [...path, key], at: 'value' }
}

function error(key: string, code: string, message: string, hint: string | null): SessionFinding {
  return { severity: 'error', key, code, message, hint }
}

function warning(key: string, code: string, message: string, hint: string | null): SessionFinding {
  return { severity: 'warning', key, code, message, hint }
}

function intervalFindings({ minTxMs, minRxMs, idleTxMs, multiplier }: BfdSessionConfig): SessionFinding[] {
  const findings: SessionFinding[] = []
  for (const [key, ms] of [
    ['minTx', minTxMs],
    ['minRx', minRxMs],
  ] as const) {
    const said = formatDuration(ms)
    if (ms < 1 || ms > INTERVAL_MAX_MS)
      findings.push(
        error(key, 'bfd-interval-range', `${key} must be from 1ms to 1000s, not ${said}`, 'write 50ms'),
      )
    else if (ms > SLOW_MS)
      findings.push(
        warning(key, 'bfd-slow', `${key} ${said}: a dead neighbour goes unnoticed for long`, 'write 50ms'),
      )
  }
  if (idleTxMs < IDLE_MIN_MS || idleTxMs > INTERVAL_MAX_MS) {
    const message = `idleTx must be from 1s to 1000s, not ${formatDuration(idleTxMs)}`
    findings.push(error('idleTx', 'bfd-idle-range', message, 'write 1s'))
  } else if (idleTxMs > SLOW_MS) {
    const message = `idleTx ${formatDuration(idleTxMs)}: a neighbour that comes back waits as long for its session`
    findings.push(warning('idleTx', 'bfd-idle-slow', message, 'write 1s'))
  }
  if (multiplier > MULTIPLIER_HIGH) {
    const message = `multiplier ${multiplier}: the neighbour gives up on us after ${multiplier} intervals of silence`
    findings.push(warning('multiplier', 'bfd-multiplier-high', message, 'write 3'))
  }
  return findings
}

function endFindings({ neighbor, source, ...session }: BfdSessionConfig): SessionFinding[] {
  const findings: SessionFinding[] = []
  if (!isUnicast(neighbor))
    findings.push(
      error('neighbor', 'bfd-neighbor', `${neighbor} is no address of a host`, 'write a unicast address'),
    )
  if (source !== null && familyOf(source) !== familyOf(neighbor)) {
    const message = `source ${source} and neighbor ${neighbor} are of different families`
    findings.push(error('source', 'bfd-families', message, null))
  }
  if (source === neighbor)
    findings.push(error('source', 'bfd-own-neighbor', `${neighbor} is on both ends`, 'write our own address'))
  if (isLinkLocal(neighbor) && session.interface === null) {
    const message = `${neighbor} is link-local: every interface has such neighbours`
    findings.push(error('neighbor', 'bfd-interface-missing', message, 'add `interface: eth0`'))
  }
  return findings
}

function hopFindings({ multihop, ttl, maxHops, neighbor, ...session }: BfdSessionConfig): SessionFinding[] {
  const findings: SessionFinding[] = []
  if (!multihop && ttl !== 255) {
    const message = `ttl must be 255 in a single hop (RFC 5881 §5), not ${ttl}`
    findings.push(error('ttl', 'bfd-single-hop-ttl', message, 'remove it, or write multihop: true'))
  }
  if (!multihop && maxHops !== null)
    findings.push(
      error('maxHops', 'bfd-max-hops', 'maxHops has no meaning in a single hop', 'write multihop: true'),
    )
  if (multihop && session.interface !== null)
    findings.push(
      error(
        'interface',
        'bfd-multihop-interface',
        'a multihop session is bound to no interface',
        'remove it',
      ),
    )
  if (multihop && isLinkLocal(neighbor))
    findings.push(
      error('neighbor', 'bfd-multihop-link-local', `${neighbor} is not to be reached over routers`, null),
    )
  return findings
}

function isUnicast(address: Address): boolean {
  const bytes = addressBytes(address)
  const [first = 0] = bytes
  if (bytes.length === 16) return first !== 0xff && bytes.some((byte) => byte !== 0)
  return first !== 0 && first !== 127 && first < 224
}

function isLinkLocal(address: Address): boolean {
  const [first = 0, second = 0] = addressBytes(address)
  return familyOf(address) === 'ipv6' && first === 0xfe && (second & 0xc0) === 0x80
}

/** Names are what trackers know sessions by; two sessions with the same ends could not be told apart on the wire. */
function repeatedSessions(sessions: readonly BfdSessionConfig[]): Finding[] {
  const seen = new Map<string, string>()
  return sessions.flatMap(({ name, neighbor, multihop, ...session }, index) => {
    const claims = [
      ['name', `name ${name}`, 'duplicate-bfd-name', `the name ${name}`],
      [
        'neighbor',
        `ends ${neighbor} ${session.source} ${session.interface} ${multihop}`,
        'duplicate-bfd-session',
        `the session with ${neighbor}`,
      ],
    ] as const
    return claims.flatMap(([key, identity, code, what]) => {
      const holder = seen.get(identity)
      seen.set(identity, holder ?? name)
      if (holder === undefined) return []
      return [placed(error(key, code, `${what} is already there`, 'remove one'), ['bfd', index])]
    })
  })
}

const PAIRING_MIN_MS = 5
const PAIRING_MAX_MS = 1_000

/** Pairing that could not work, or that would be slower than the advertisements. */
export function pairingRules({ pairing, advertisementIntervalMs }: VirtualRouterConfig): RouterFinding[] {
  if (pairing === null) return []
  const { intervalMs, multiplier } = pairing
  if (intervalMs < PAIRING_MIN_MS || intervalMs > PAIRING_MAX_MS) {
    const message = `interval must be from 5ms to 1s, not ${formatDuration(intervalMs)}`
    return [
      {
        severity: 'error',
        code: 'pairing-interval-range',
        message,
        hint: 'write 50ms',
        key: ['pairing', 'interval'],
        at: 'value',
      },
    ]
  }
  return intervalMs * multiplier <= 3 * advertisementIntervalMs || isDefault(pairing)
    ? []
    : [
        {
          severity: 'warning',
          code: 'pairing-slow',
          message: `pairing notices a dead active after ${formatDuration(intervalMs * multiplier)}, advertisements sooner`,
          hint: 'write a shorter interval, or pairing: false',
          key: ['pairing'],
          at: 'value',
        },
      ]
}

/** Beside quick advertisements the default is idle, which is nobody's mistake. */
function isDefault({ intervalMs, multiplier }: PairingConfig): boolean {
  return intervalMs === PAIRING_DEFAULTS.intervalMs && multiplier === PAIRING_DEFAULTS.multiplier
}
