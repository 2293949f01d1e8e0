/** A world made of arrays, for tests of the loop: time is a number, the LAN a list of what was sent. */
import type { VirtualRouterConfig } from '@aloft/shared/config/agent-config'
import { formatPrefix, type Prefix } from '@aloft/shared/network/prefix'
import type { EventBody } from '@aloft/shared/protocol/events'
import { encodeAdvertisement } from '../../vrrp/advertisement.ts'
import { authenticationOf } from '../../vrrp/authentication.ts'
import { address } from '../../vrrp/examples.test.support.ts'
import { byDevice, type Holding, type HoldingFailure } from '../../world/holdings.ts'
import type {
  Endpoint,
  LinkState,
  OutgoingPacket,
  RecordedInput,
  RouterInput,
  RouterWorld,
} from '../../world/router-world.ts'
import { hexOf } from './hex.ts'

export const PEER = address('192.0.2.2')
export const GROUP = address('224.0.0.18')

/** A datagram as the peer of `routerConfig(…)` sends it, with some bytes changed when asked. */
export function advertisementFrom(
  config: VirtualRouterConfig,
  { source = PEER, priority = config.priority, interfaceName = config.interface } = {},
) {
  const { version, vrid, advertisementIntervalMs: intervalMs, checksum, family } = config
  const addresses = config.addresses.map((each) => each.address)
  const destination = family === 'ipv4' ? GROUP : address('ff02::12')
  const authentication = authenticationOf(config.authentication)
  const payload = encodeAdvertisement(
    { version, vrid, priority, intervalMs, addresses },
    { source, destination, authentication, checksum },
  )
  return { interfaceName, family, source, destination, ttl: 255, payload }
}

/** `acquire eth0 192.0.2.100`: one line for each interface, and one for the routes and rules where there are any. */
export function wordsOfHolding(did: 'acquire' | 'release', holding: Holding): string[] {
  const lines = [...byDevice(holding.addresses)].map(
    ([device, addresses]) => `${did} ${device} ${addresses.map(({ address }) => address).join(' ')}`,
  )
  const { routes, rules } = holding
  if (routes.length > 0 || rules.length > 0) {
    const priorities = rules.map(({ priority }) => priority)
    lines.push(`${did} ${[...routes.map(({ to }) => formatPrefix(to)), ...priorities].join(' ')}`)
  }
  return lines
}

export class FakeWorld implements RouterWorld {
  nowMs = 1_000_000
  /** How long announcing takes, so that an outage has an end of its own. */
  announceMs = 0
  armedAt: number | null = null
  alarmsSet = 0
  canSend = true
  readonly done: string[] = []
  readonly sent: OutgoingPacket[] = []
  readonly events: { readonly body: EventBody; readonly at: number }[] = []
  readonly recording: RecordedInput[] = []
  readonly linkStates = new Map<string, LinkState | null>([
    ['eth0', { up: true, ipv4: address('192.0.2.1'), ipv6: address('fe80::1') }],
  ])

  readonly clock = { now: () => this.nowMs, wallMs: () => 1_700_000_000_000 + this.nowMs }
  readonly alarm = {
    set: (atMs: number | null) => {
      this.armedAt = atMs
      this.alarmsSet++
    },
  }
  readonly recorder = { record: (entry: RecordedInput) => void this.recording.push(entry) }
  readonly journal = {
    append: (body: EventBody, at: number) => {
      this.done.push(
        body.kind === 'transition' ? `journal ${body.from} → ${body.to}` : `journal ${body.kind}`,
      )
      this.events.push({ body, at })
    },
  }
  readonly links = {
    open: (endpoint: Endpoint) => void this.done.push(`open ${named(endpoint)}`),
    close: (endpoint: Endpoint) => void this.done.push(`close ${named(endpoint)}`),
    watch: (name: string) => void this.done.push(`watch ${name}`),
    unwatch: (name: string) => void this.done.push(`unwatch ${name}`),
    state: (name: string) => this.linkStates.get(name) ?? null,
    send: (name: string, packet: OutgoingPacket) => {
      const { source, payload } = packet
      this.done.push(`send ${name} ${source} ${hexOf(payload)}`)
      if (this.canSend) this.sent.push(packet)
      return this.canSend
    },
  }
  /** Why a router of that name cannot take part. */
  readonly virtualLinkProblems = new Map<string, string>()
  readonly virtualLinks = {
    prepare: () => {},
    retain: () => {},
    raise: ({ name, virtualMac, ipvlan, accept }: VirtualRouterConfig) => {
      if (virtualMac !== null || ipvlan !== null || !accept) this.done.push(`raise ${name}`)
      return true
    },
    lower: ({ name, virtualMac, ipvlan, accept }: VirtualRouterConfig) => {
      if (virtualMac !== null || ipvlan !== null || !accept) this.done.push(`lower ${name}`)
    },
    send: (router: VirtualRouterConfig, { source, payload }: OutgoingPacket) => {
      this.done.push(`send ${router.virtualMac?.name} ${source} ${hexOf(payload)}`)
      return this.canSend
    },
    problem: ({ name }: VirtualRouterConfig) => this.virtualLinkProblems.get(name) ?? null,
  }
  readonly holdings = {
    acquire: (holding: Holding) => void this.done.push(...wordsOfHolding('acquire', holding)),
    release: (holding: Holding) => void this.done.push(...wordsOfHolding('release', holding)),
    renew: (holdings: readonly Holding[]) =>
      void this.done.push(`renew ${holdings.map(({ holder }) => holder).join(', ')}`),
    announce: (name: string, addresses: readonly Prefix[]) => {
      this.nowMs += this.announceMs
      this.done.push(`announce ${name} ${addresses.map((each) => each.address).join(' ')}`)
    },
  }

  /** Lets time pass; the alarm rings when it is due, or `lateMs` after that. */
  advance(input: RouterInput, ms: number, { lateMs = 0 } = {}): void {
    const until = this.nowMs + ms
    while (this.armedAt !== null && this.armedAt + lateMs <= until) {
      this.nowMs = Math.max(this.nowMs, this.armedAt + lateMs)
      this.armedAt = null
      input.alarm()
    }
    this.nowMs = Math.max(this.nowMs, until)
  }

  /** What was done since the last time, first words only where that is enough to read. */
  take(): string[] {
    return this.done.splice(0)
  }

  transitions(): Extract<EventBody, { kind: 'transition' }>[] {
    return this.events.flatMap(({ body }) => (body.kind === 'transition' ? [body] : []))
  }
}

/** What a router takes by default is not worth reading. */
function named({ interfaceName, family, group, isAuthenticated }: Endpoint): string {
  const usual = group === (family === 'ipv4' ? GROUP : address('ff02::12')) && !isAuthenticated
  return `${interfaceName} ${family}${usual ? '' : ` ${group}${isAuthenticated ? ' authenticated' : ''}`}`
}

/** What the kernel says when it refuses an address of `routerConfig()`. */
export function refusal(what: string, error = 'EPERM'): HoldingFailure {
  return { holder: 'eth0 ipv4 51', kind: 'address', what, error, remedy: null }
}
