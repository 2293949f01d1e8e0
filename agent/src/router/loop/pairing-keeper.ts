/**
 * Which neighbours have a BFD session with us without anybody having asked for it, and what becomes of its loss
 * (docs/decisions/0016-bfd-and-pairing.md). One session per neighbour and interface, whatever number of virtual routers
 * look at it; a configured session between the same ends serves as well.
 */
import { type Address, type Family, familyOf } from '@aloft/shared/network/address'
import type { Prefix } from '@aloft/shared/network/prefix'
import type { ControlPacket } from '../../bfd/packet.ts'
import {
  type Allowance,
  ANSWERED_MAX,
  askingMs,
  type Distrust,
  distrusted,
  FULL_ALLOWANCE,
  isOnLink,
  isTooSlow,
  spend,
  TRUSTED,
} from '../../bfd/pairing.ts'
import type { SessionParameters, StateChange } from '../../bfd/session.ts'
import type { BfdDatagram } from '../../world/bfd-links.ts'
import type { BfdSession, BfdSessions, SessionSpec } from './bfd-sessions.ts'
import type { Timed } from './timed.ts'

/** How the sessions over one interface and family are timed. */
export interface PairingTiming {
  readonly intervalMs: number
  readonly multiplier: number
}

/** What the virtual routers of one family on an interface are at this moment. */
export interface InterfaceStanding {
  readonly isActive: boolean
  /** The addresses that those of them that are active advertise from. */
  readonly sources: readonly Address[]
  /** Those that all of them would. */
  readonly own: readonly Address[]
  readonly prefixes: readonly Prefix[]
}

export interface Heard {
  readonly interfaceName: string
  readonly local: Address | null
  readonly remote: Address
  readonly prefixes: readonly Prefix[]
  /** Whether it comes from the active that a backup of ours with pairing follows. */
  readonly isFollowed: boolean
  /** The advertisement interval of the sender, and how long its silence would be put up with. */
  readonly intervalMs: number
  readonly downMs: number
}

export interface Loss {
  readonly interfaceName: string
  readonly remote: Address
  /** Of the session that was lost: between two packets, and until the silence was over. */
  readonly intervalMs: number
  readonly detectionMs: number
}

export interface FalseAlarm {
  readonly interfaceName: string
  readonly remote: Address
  /** Virtual routers that had been taken over. */
  readonly routers: number
  readonly heardAfterMs: number
  /** How long both were active. */
  readonly twoActivesMs: number
  readonly distrustedMs: number
}

export interface PairingHooks {
  standing(interfaceName: string, family: Family): InterfaceStanding
  lost(loss: Loss, now: number): void
  falseAlarm(alarm: FalseAlarm, now: number): void
}

export interface Neighbour {
  readonly interfaceName: string
  readonly remote: Address
  session: BfdSession | null
  /** Until when it counts as an active that we follow. */
  wantedUntil: number
  /** The advertisement interval of that active. */
  advertisementIntervalMs: number
  /** How long its silence was put up with when that was heard. */
  downMs: number
  /** Since when we ask, to be answered or not. */
  askedSince: number
  distrust: Distrust
  loss: OpenLoss | null
}

/** A loss that was acted on and may yet turn out to be none. */
interface OpenLoss {
  readonly at: number
  /** The other end's, to tell a process that was there all along from its successor. */
  readonly discriminator: number
  readonly intervalMs: number
  routers: number
  tookOverAt: number | null
}

const SWEEP_MS = 5_000
/** A session that nobody wants and that is not up, and one that is up and nobody follows. */
const DOWN_KEPT_MS = 10_000
const UNWANTED_KEPT_MS = 60_000

export class PairingKeeper implements Timed {
  readonly #sessions: BfdSessions
  readonly #hooks: PairingHooks
  /** By interface, then by address. */
  readonly #neighbours = new Map<string, Map<Address, Neighbour>>()
  readonly #bySession = new Map<BfdSession, Neighbour>()
  #timings: ReadonlyMap<string, PairingTiming> = new Map()
  #allowance: Allowance = FULL_ALLOWANCE
  #sweepAt: number | null = null

  constructor(sessions: BfdSessions, hooks: PairingHooks) {
    this.#sessions = sessions
    this.#hooks = hooks
  }

  /** `timings` by interface and family (`timingKey`): where there is none there is no pairing. */
  configure(timings: ReadonlyMap<string, PairingTiming>, now: number): void {
    this.#timings = timings
    for (const neighbour of this.#all()) {
      const { session, interfaceName, remote } = neighbour
      if (session === null || session.name !== null || session.endAt !== null) continue
      const timing = timings.get(timingKey(interfaceName, familyOf(remote)))
      if (timing === undefined) {
        this.#sessions.retire(session, now)
        this.#detach(neighbour)
      } else this.#sessions.retime(session, timingOf(timing, this.#asking(neighbour, now)), now)
    }
  }

  of(session: BfdSession): Neighbour | null {
    return this.#bySession.get(session) ?? null
  }

  dueAt(): number | null {
    return this.#sweepAt
  }

  ring(now: number): void {
    if (this.#sweepAt === null || now < this.#sweepAt) return
    for (const neighbour of this.#all()) this.#sweep(neighbour, now)
    this.#sweepAt = this.#bySession.size > 0 ? now + SWEEP_MS : null
  }

  /** An advertisement came, other than a resignation. */
  heard(heard: Heard, now: number): void {
    const known = this.#neighbours.get(heard.interfaceName)?.get(heard.remote)
    if (known?.loss) this.#doubt(known, now, heard.intervalMs)
    if (!heard.isFollowed || heard.local === null) return
    if (known !== undefined && isAsBefore(known, heard, now)) {
      known.wantedUntil = now + heard.downMs
      return
    }
    const timing = this.#timings.get(timingKey(heard.interfaceName, familyOf(heard.remote)))
    // Where silent advertisements tell sooner, a session would only cost.
    if (timing === undefined || timing.intervalMs * timing.multiplier >= heard.downMs) return
    if (known === undefined && !isOnLink(heard.remote, heard.prefixes)) return
    const neighbour = known ?? this.#neighbour(heard.interfaceName, heard.remote)
    this.#leaveOldAddress(neighbour, heard.local)
    const isNew = now >= neighbour.wantedUntil
    neighbour.wantedUntil = Math.max(neighbour.wantedUntil, now + heard.downMs)
    neighbour.advertisementIntervalMs = heard.intervalMs
    neighbour.downMs = heard.downMs
    if (isNew || neighbour.session === null) this.#ask(neighbour, heard.local, now)
  }

  /** A packet of somebody without a session here: whoever may be a backup of ours is answered. */
  answer(datagram: BfdDatagram, packet: ControlPacket, now: number): BfdSession | null {
    const { interfaceName, source, destination, hops } = datagram
    const family = familyOf(source)
    const timing = this.#timings.get(timingKey(interfaceName, family))
    if (hops !== 'single-hop' || timing === undefined || isTooSlow(packet)) return null
    if (packet.state !== 'down' || this.#bySession.size >= ANSWERED_MAX) return null
    const allowance = spend(this.#allowance, now)
    if (allowance === null) return null
    this.#allowance = allowance
    const standing = this.#hooks.standing(interfaceName, family)
    if (!standing.isActive || !standing.sources.includes(destination)) return null
    if (!isOnLink(source, standing.prefixes) || standing.own.includes(source)) return null
    const neighbour = this.#neighbour(interfaceName, source)
    if (neighbour.session !== null) return null
    return this.#attach(neighbour, specOf(neighbour, destination, timingOf(timing, 'passive')), now)
  }

  /** What a change of state means for the virtual routers; whether it was acted on as the loss of an active. */
  changed(session: BfdSession, change: StateChange, now: number): boolean {
    const neighbour = this.#bySession.get(session)
    if (neighbour === undefined) return false
    if (change.to === 'up') {
      const { loss } = neighbour
      if (loss !== null && loss.discriminator === session.session.remote?.discriminator)
        this.#doubt(neighbour, now, loss.intervalMs)
      return false
    }
    if (change.from !== 'up') return false
    neighbour.askedSince = now
    if (change.diagnostic !== 'detection-time-expired' || now >= neighbour.wantedUntil) return false
    // It never said that it was up, at our speed: it died before, and its successor knows nothing of this session.
    if (change.remote?.state !== 'up') return false
    if (now < neighbour.distrust.untilMs) return false
    this.#lose(neighbour, change, now)
    return true
  }

  /** A virtual router took over because of that loss. */
  tookOver(interfaceName: string, remote: Address, now: number): void {
    const loss = this.#neighbours.get(interfaceName)?.get(remote)?.loss
    if (!loss) return
    loss.routers++
    loss.tookOverAt ??= now
  }

  /** Neighbours on that interface whose session is up: while we are active, the backups that would know at once. */
  pairedWith(interfaceName: string, family: Family): Address[] {
    const known = [...(this.#neighbours.get(interfaceName)?.values() ?? [])]
    return known
      .filter(({ session, remote }) => session?.session.state === 'up' && familyOf(remote) === family)
      .map(({ remote }) => remote)
  }

  #lose(neighbour: Neighbour, { detectionMs, remote: lost }: StateChange, now: number): void {
    const { interfaceName, remote, advertisementIntervalMs } = neighbour
    neighbour.loss = {
      at: now,
      discriminator: lost?.discriminator ?? 0,
      intervalMs: advertisementIntervalMs,
      routers: 0,
      tookOverAt: null,
    }
    const silentMs = detectionMs ?? 0
    const intervalMs = silentMs / (lost?.multiplier ?? 1)
    this.#hooks.lost({ interfaceName, remote, intervalMs, detectionMs: silentMs }, now)
  }

  /** Heard of again: within an interval of its own it had never been gone. */
  #doubt(neighbour: Neighbour, now: number, withinMs: number): void {
    const { loss, interfaceName, remote } = neighbour
    neighbour.loss = null
    if (loss === null || now - loss.at > withinMs) return
    neighbour.distrust = distrusted(neighbour.distrust, now)
    this.#hooks.falseAlarm(
      {
        interfaceName,
        remote,
        routers: loss.routers,
        heardAfterMs: now - loss.at,
        twoActivesMs: loss.tookOverAt === null ? 0 : now - loss.tookOverAt,
        distrustedMs: neighbour.distrust.untilMs - now,
      },
      now,
    )
  }

  /** Begins to speak, or begins anew to speak often, to an active that is heard (again). */
  #ask(neighbour: Neighbour, local: Address, now: number): void {
    const timing = this.#timings.get(timingKey(neighbour.interfaceName, familyOf(neighbour.remote)))
    if (timing === undefined) return
    neighbour.askedSince = now
    const asking = timingOf(timing, askingMs(0))
    if (neighbour.session === null) this.#attach(neighbour, specOf(neighbour, local, asking), now)
    else if (neighbour.session.name === null) this.#sessions.retime(neighbour.session, asking, now)
  }

  /** Nothing can be sent from an address that is ours no more. */
  #leaveOldAddress(neighbour: Neighbour, local: Address): void {
    const { session } = neighbour
    if (session === null || session.name !== null || session.path.local === local) return
    this.#detach(neighbour)
    this.#sessions.forget(session)
  }

  #attach(neighbour: Neighbour, spec: SessionSpec, now: number): BfdSession {
    const session = this.#sessions.configuredFor(spec.path) ?? this.#sessions.add(spec, now)
    neighbour.session = session
    this.#bySession.set(session, neighbour)
    this.#sweepAt ??= now + SWEEP_MS
    return session
  }

  #detach(neighbour: Neighbour): void {
    if (neighbour.session !== null) this.#bySession.delete(neighbour.session)
    neighbour.session = null
  }

  #sweep(neighbour: Neighbour, now: number): void {
    const { session, wantedUntil, interfaceName, remote } = neighbour
    if (neighbour.loss !== null && now - neighbour.loss.at > neighbour.loss.intervalMs) neighbour.loss = null
    if (session === null || session.endAt !== null) {
      this.#detach(neighbour)
      if (neighbour.distrust.falseAlarms === 0) this.#neighbours.get(interfaceName)?.delete(remote)
      return
    }
    if (session.name !== null) return
    const isUp = session.session.state === 'up'
    const timing = this.#timings.get(timingKey(interfaceName, familyOf(remote)))
    if (now < wantedUntil) {
      const asking = timing && timingOf(timing, this.#asking(neighbour, now))
      if (!isUp && asking && asking.idleTxUs !== session.parameters.idleTxUs)
        this.#sessions.retime(session, asking, now)
    } else if (!isUp && now - session.since > DOWN_KEPT_MS) {
      this.#detach(neighbour)
      this.#sessions.forget(session)
    } else if (isUp && now - Math.max(wantedUntil, session.since) > UNWANTED_KEPT_MS) {
      // An active never ends what its backups may rely on.
      if (this.#hooks.standing(interfaceName, familyOf(remote)).isActive) return
      this.#detach(neighbour)
      this.#sessions.retire(session, now)
    }
  }

  /** The session's part of an end that asks, or only answers. */
  #asking(neighbour: Neighbour, now: number): number | 'passive' {
    if (now >= neighbour.wantedUntil) return 'passive'
    return neighbour.session?.session.state === 'up' ? askingMs(0) : askingMs(now - neighbour.askedSince)
  }

  #neighbour(interfaceName: string, remote: Address): Neighbour {
    const here = this.#neighbours.get(interfaceName) ?? new Map<Address, Neighbour>()
    this.#neighbours.set(interfaceName, here)
    const known = here.get(remote)
    if (known) return known
    const made: Neighbour = {
      interfaceName,
      remote,
      session: null,
      wantedUntil: Number.NEGATIVE_INFINITY,
      advertisementIntervalMs: 0,
      downMs: 0,
      askedSince: 0,
      distrust: TRUSTED,
      loss: null,
    }
    here.set(remote, made)
    return made
  }

  #all(): Neighbour[] {
    return [...this.#neighbours.values()].flatMap((here) => [...here.values()])
  }
}

/** Nothing to ask or to end: so it is for nearly all of the thousands of advertisements a second that many routers hear. */
function isAsBefore(
  { session, wantedUntil, advertisementIntervalMs, downMs }: Neighbour,
  heard: Heard,
  now: number,
) {
  if (session === null || now >= wantedUntil || session.path.local !== heard.local) return false
  return (
    advertisementIntervalMs === heard.intervalMs && downMs === heard.downMs && wantedUntil <= now + downMs
  )
}

/** How `configure` is given the timing of an interface and family. */
export function timingKey(interfaceName: string, family: Family): string {
  return `${interfaceName} ${family}`
}

/** `asking`: how often an end speaks that is not answered; `passive`: never. */
function timingOf(
  { intervalMs, multiplier }: PairingTiming,
  asking: number | 'passive',
): Omit<SessionParameters, 'discriminator'> {
  return {
    minTxUs: intervalMs * 1_000,
    minRxUs: intervalMs * 1_000,
    idleTxUs: (asking === 'passive' ? askingMs(0) : asking) * 1_000,
    multiplier,
    passive: asking === 'passive',
  }
}

function specOf(
  { interfaceName, remote }: Neighbour,
  local: Address,
  timing: SessionSpec['timing'],
): SessionSpec {
  return {
    path: { interfaceName, local, remote, hops: 'single-hop', ttl: 255, onLinkOnly: true },
    name: null,
    timing,
  }
}
