/** BFD in the loop: the sessions that operators ask for, those of pairing, what is told of both, and what status says. */
import type { AgentSettings, VirtualRouterConfig } from '@aloft/shared/config/agent-config'
import type { BfdSessionConfig } from '@aloft/shared/config/bfd-config'
import { type Family, familyOf } from '@aloft/shared/network/address'
import { encodeControlPacket } from '../../bfd/packet.ts'
import { farewell, type SessionParameters, type StateChange } from '../../bfd/session.ts'
import type { VerdictState } from '../../tracking/verdict.ts'
import type { State } from '../../vrrp/virtual-router.ts'
import type { BfdDatagram, BfdLinks, Hops } from '../../world/bfd-links.ts'
import type { RouterWorld } from '../../world/router-world.ts'
import { type HeardAdvertisement, heardOf } from './bfd-heard.ts'
import { type BfdSession, BfdSessions } from './bfd-sessions.ts'
import type { Farewell } from './bfd-status.ts'
import { type BfdStatus, bfdSessionStatus } from './bfd-status.ts'
import { isEqual } from './changes.ts'
import { hexOf } from './hex.ts'
import type { Instance } from './instance.ts'
import {
  type FalseAlarm,
  type Heard,
  type PairingHooks,
  PairingKeeper,
  type PairingTiming,
  timingKey,
} from './pairing-keeper.ts'
import type { RouterDetail } from './status.ts'
import { earliest, type Timed } from './timed.ts'

export interface BfdPartHooks extends Pick<PairingHooks, 'standing' | 'lost'> {
  /** A loss was a false alarm. */
  found(alarm: FalseAlarm, now: number): void
  /** What trackers are to think of a configured session, from the start on, and that it changed. */
  judge(name: string, state: VerdictState): void
  judged(now: number): void
}

interface Configured {
  readonly config: BfdSessionConfig
  readonly session: BfdSession
}

export class BfdPart implements Timed {
  readonly #world: RouterWorld
  readonly #hooks: BfdPartHooks
  readonly #sessions: BfdSessions
  readonly #pairing: PairingKeeper
  readonly #configured = new Map<string, Configured>()
  #falseAlarms = 0
  /** Null: a session has changed since. */
  #farewells: readonly Farewell[] | null = null

  constructor(world: RouterWorld, links: BfdLinks, hooks: BfdPartHooks) {
    this.#world = world
    this.#hooks = hooks
    this.#sessions = new BfdSessions(world, links, {
      changed: (session, change, now) => this.#changed(session, change, now),
      unexpected: (datagram, packet, now) => this.#pairing.answer(datagram, packet, now),
    })
    this.#pairing = new PairingKeeper(this.#sessions, {
      standing: hooks.standing,
      lost: hooks.lost,
      falseAlarm: (alarm, now) => this.#report(alarm, now),
    })
  }

  /** Sessions that are the same as before go on undisturbed; where only timing differs, it is negotiated anew. */
  configure(
    settings: Pick<AgentSettings, 'bfd'>,
    routers: readonly VirtualRouterConfig[],
    now: number,
  ): void {
    const timings = pairingTimings(routers)
    this.#sessions.listen(whereToListen(settings.bfd, timings))
    const wanted = new Map(settings.bfd.map((config) => [config.name, config]))
    for (const [name, { config, session }] of this.#configured) {
      const next = wanted.get(name)
      if (next && isEqual(endsOf(next), endsOf(config))) {
        if (!isEqual(next, config)) this.#sessions.retime(session, timingOf(next), now)
        this.#configured.set(name, { config: next, session })
        continue
      }
      this.#configured.delete(name)
      this.#hooks.judge(name, 'unknown')
      this.#sessions.retire(session, now)
    }
    for (const config of wanted.values()) if (!this.#configured.has(config.name)) this.#add(config, now)
    this.#pairing.configure(timings, now)
  }

  receive(datagram: BfdDatagram, now: number): void {
    this.#sessions.receive(datagram, now)
  }

  /** A router has just looked at an advertisement. */
  heard(instance: Instance, what: HeardAdvertisement, now: number): void {
    const heard = heardOf(instance, what)
    if (heard !== null) this.#pairing.heard(heard, now)
  }

  /** The same advertisement again, of which that was made. */
  heardAgain(heard: Heard, now: number): void {
    this.#pairing.heard(heard, now)
  }

  /** A virtual router became active, being `before`. */
  tookOver({ config }: Instance, before: State, now: number): void {
    if (before.role !== 'backup' || before.lostBy !== 'bfd' || before.lastHeard === null) return
    this.#pairing.tookOver(config.interface, before.lastHeard.source, now)
  }

  /** For status. */
  pairsOf({ config }: Instance): Pick<RouterDetail, 'pairedWith'> {
    if (config.pairing === null) return {}
    return { pairedWith: this.#pairing.pairedWith(config.interface, config.family) }
  }

  /** The last packets of the sessions that pair us with neighbours; the same list while it is the same. */
  farewells(): readonly Farewell[] {
    this.#farewells ??= this.#composeFarewells()
    return this.#farewells
  }

  #composeFarewells(): Farewell[] {
    return [...this.#sessions.all()].flatMap(({ name, path, parameters, session }) => {
      const packet = farewell(parameters, session)
      const { interfaceName, local, remote } = path
      if (name !== null || packet === null || interfaceName === null || local === null) return []
      return [{ interface: interfaceName, local, remote, payload: hexOf(encodeControlPacket(packet)) }]
    })
  }

  shutdown(now: number): void {
    this.#sessions.shutdown(now)
    this.#configured.clear()
  }

  /** Virtual routers are about to advertise. */
  accompany(now: number): void {
    this.#sessions.accompany(now)
  }

  dueAt(): number | null {
    return earliest(this.#sessions.dueAt(), this.#pairing.dueAt())
  }

  ring(now: number): void {
    this.#sessions.ring(now)
    this.#pairing.ring(now)
  }

  status(): BfdStatus {
    const { clock } = this.#world
    const sessions = [...this.#sessions.all()].filter(({ endAt }) => endAt === null)
    return {
      sessions: sessions.map((each) => bfdSessionStatus(each, this.#pairing.of(each), clock)),
      discarded: Object.fromEntries(this.#sessions.discarded),
      deaf: Object.fromEntries(this.#sessions.deaf),
      falseAlarms: this.#falseAlarms,
    }
  }

  #add(config: BfdSessionConfig, now: number): void {
    const { name, multihop, maxHops, ttl } = config
    const path = {
      interfaceName: config.interface,
      local: config.source,
      remote: config.neighbor,
      hops: multihop ? 'multihop' : 'single-hop',
      ttl,
      onLinkOnly: !multihop,
    } as const
    const session = this.#sessions.add({ path, name, timing: timingOf(config), maxHops }, now)
    this.#configured.set(name, { config, session })
    this.#hooks.judge(name, 'down')
  }

  #changed(session: BfdSession, change: StateChange, now: number): void {
    this.#farewells = null
    const { name, path, endAt } = session
    const isLoss = endAt === null && this.#pairing.changed(session, change, now)
    const isUp = change.to === 'up'
    if (!isUp && change.from !== 'up') return
    // Who asks us is free to come and go: what it does is no event of ours, and cannot make a flood of them.
    if (name === null && session.parameters.passive) return
    this.#world.journal.append(
      {
        kind: 'bfd',
        session: name,
        interface: path.interfaceName,
        local: path.local,
        remote: path.remote,
        from: change.from,
        to: change.to,
        diagnostic: change.diagnostic,
        detectionMs: change.detectionMs,
        activeLost: isLoss,
      },
      now,
    )
    if (name === null || endAt !== null || !this.#configured.has(name)) return
    this.#hooks.judge(name, isUp ? 'up' : 'down')
    this.#hooks.judged(now)
  }

  #report(falseAlarm: FalseAlarm, now: number): void {
    const { interfaceName, routers: virtualRouters, ...alarm } = falseAlarm
    this.#falseAlarms++
    this.#world.journal.append(
      { kind: 'false-alarm', interface: interfaceName, virtualRouters, ...alarm },
      now,
    )
    this.#hooks.found(falseAlarm, now)
  }
}

/** The quickest of those an interface's routers ask for: one session serves them all. */
function pairingTimings(routers: readonly VirtualRouterConfig[]): Map<string, PairingTiming> {
  const timings = new Map<string, PairingTiming>()
  for (const { interface: name, family, pairing } of routers) {
    if (pairing === null) continue
    const key = timingKey(name, family)
    const known = timings.get(key)
    if (known === undefined || pairing.intervalMs < known.intervalMs) timings.set(key, pairing)
  }
  return timings
}

function whereToListen(
  configured: readonly BfdSessionConfig[],
  timings: ReadonlyMap<string, PairingTiming>,
): Set<`${Hops} ${Family}`> {
  const wanted = new Set<`${Hops} ${Family}`>()
  for (const { neighbor, multihop } of configured)
    wanted.add(`${multihop ? 'multihop' : 'single-hop'} ${familyOf(neighbor)}`)
  for (const key of timings.keys()) wanted.add(key.endsWith(' ipv6') ? 'single-hop ipv6' : 'single-hop ipv4')
  return wanted
}

/** What makes a session another one. */
function endsOf({ neighbor, source, multihop, ttl, maxHops, ...config }: BfdSessionConfig) {
  return { neighbor, source, multihop, ttl, maxHops, interface: config.interface }
}

function timingOf(config: BfdSessionConfig): Omit<SessionParameters, 'discriminator'> {
  const { minTxMs, minRxMs, idleTxMs, multiplier, passive } = config
  return {
    minTxUs: Math.round(minTxMs * 1_000),
    minRxUs: Math.round(minRxMs * 1_000),
    idleTxUs: Math.round(idleTxMs * 1_000),
    multiplier,
    passive,
  }
}
