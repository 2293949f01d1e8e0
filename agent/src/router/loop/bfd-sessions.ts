/**
 * The BFD sessions of this host, whoever wanted them: which packet is for which, when each must send, and when silence
 * means loss. What a change of state leads to is for those who wanted the session to say.
 */
import type { Family } from '@aloft/shared/network/address'
import { Chances } from '../../bfd/chances.ts'
import { type ControlPacket, decodeControlPacket, encodeControlPacket } from '../../bfd/packet.ts'
import {
  detectionMs,
  newSession,
  nextWakeup,
  type Session,
  type SessionEvent,
  type SessionParameters,
  type StateChange,
  step,
} from '../../bfd/session.ts'
import type { BfdDatagram, BfdLinks, BfdPath, Hops } from '../../world/bfd-links.ts'
import type { RouterWorld } from '../../world/router-world.ts'
import { type DeadlineHolder, Deadlines } from './deadlines.ts'
import type { Timed } from './timed.ts'

export interface BfdSession extends DeadlineHolder {
  readonly path: BfdPath
  /** The name an operator gave it; null: it exists for pairing. */
  readonly name: string | null
  parameters: SessionParameters
  session: Session
  readonly chances: Chances
  /** Silent for its detection time, as far as we know: we were late, and may have packets unread. */
  isPatient: boolean
  /** Since when it is in its state. */
  since: number
  /** When the last packet came; null: none did. */
  heardAt: number | null
  /** Going: it says so until then, and is no more. */
  endAt: number | null
  readonly counters: { sent: number; sendErrors: number; received: number; lost: number }
}

export interface BfdHooks {
  changed(session: BfdSession, change: StateChange, now: number): void
  /** A packet of somebody who does not know us yet, and whom no session expects: the session to give it to, or null. */
  unexpected(datagram: BfdDatagram, packet: ControlPacket, now: number): BfdSession | null
}

export interface SessionSpec {
  readonly path: BfdPath
  readonly name: string | null
  readonly timing: Omit<SessionParameters, 'discriminator'>
  /** Multihop: how much of the TTL may be gone; null: any. */
  readonly maxHops?: number | null
}

/** An alarm this late may only mean that we were not running: unread packets come first. */
const PATIENCE_MS = 1
/** RFC 5881 §5. */
const TTL_SINGLE_HOP = 255

export class BfdSessions implements Timed {
  readonly #world: RouterWorld
  readonly #links: BfdLinks
  readonly #hooks: BfdHooks
  readonly #byDiscriminator = new Map<number, BfdSession>()
  readonly #maxHops = new Map<BfdSession, number>()
  readonly #due = new Deadlines<BfdSession>()
  /** Packets that no session took, by why. */
  readonly discarded = new Map<string, number>()
  /** Where we cannot listen, and why. */
  readonly deaf = new Map<string, string>()

  constructor(world: RouterWorld, links: BfdLinks, hooks: BfdHooks) {
    this.#world = world
    this.#links = links
    this.#hooks = hooks
  }

  all(): IterableIterator<BfdSession> {
    return this.#byDiscriminator.values()
  }

  /** Listens exactly where it is told from now on. */
  listen(wanted: ReadonlySet<`${Hops} ${Family}`>): void {
    for (const hops of ['single-hop', 'multihop'] as const) {
      for (const family of ['ipv4', 'ipv6'] as const) {
        const where = `${hops} ${family}` as const
        this.deaf.delete(where)
        if (!wanted.has(where)) this.#links.ignore(hops, family)
        else {
          const refusal = this.#links.listen(hops, family)
          if (refusal !== null) this.deaf.set(where, refusal)
        }
      }
    }
  }

  add({ path, name, timing, maxHops = null }: SessionSpec, now: number): BfdSession {
    const parameters = { ...timing, discriminator: this.#newDiscriminator(now) }
    const added: BfdSession = {
      path,
      name,
      parameters,
      session: newSession(parameters, now),
      chances: new Chances(this.#draw(now)),
      isPatient: false,
      since: now,
      heardAt: null,
      endAt: null,
      counters: { sent: 0, sendErrors: 0, received: 0, lost: 0 },
      dueAt: 0,
      heapIndex: -1,
    }
    this.#byDiscriminator.set(parameters.discriminator, added)
    if (maxHops !== null) this.#maxHops.set(added, maxHops)
    this.#schedule(added)
    return added
  }

  /** Other timing, or another role; the session stays. */
  retime(each: BfdSession, timing: SessionSpec['timing'], now: number): void {
    each.parameters = { ...timing, discriminator: each.parameters.discriminator }
    this.#step(each, { kind: 'changed' }, now)
  }

  /** RFC 5880 §6.8.16: says that it is going for as long as the other end would wait for it, so that it is not missed. */
  retire(each: BfdSession, now: number): void {
    const { session } = each
    const lingerMs = session.remote === null ? 0 : (detectionMs(session) ?? 0)
    this.#step(each, { kind: 'disable' }, now)
    each.endAt = now + lingerMs
    this.#schedule(each)
  }

  /** Ends every session, saying so once. */
  shutdown(now: number): void {
    for (const each of this.#byDiscriminator.values()) {
      if (each.session.remote !== null) this.#step(each, { kind: 'disable' }, now)
      this.#forget(each)
    }
    this.listen(new Set())
  }

  /** RFC 5881 §3: one session for a path. The one an operator asked for, if it has these ends. */
  configuredFor({ remote, local, interfaceName }: BfdPath): BfdSession | null {
    for (const each of this.#byDiscriminator.values()) {
      const { path, name, endAt } = each
      if (name === null || endAt !== null || path.hops !== 'single-hop' || path.remote !== remote) continue
      if (path.interfaceName !== null && path.interfaceName !== interfaceName) continue
      if (path.local === null || path.local === local) return each
    }
    return null
  }

  /** Drops a session without a word. */
  forget(each: BfdSession): void {
    this.#forget(each)
  }

  receive(datagram: BfdDatagram, now: number): void {
    const packet = decodeControlPacket(datagram.payload)
    if ('malformed' in packet) {
      this.#discard(packet.malformed)
      return
    }
    if (datagram.hops === 'single-hop' && datagram.ttl !== TTL_SINGLE_HOP) {
      this.#discard('ttl')
      return
    }
    const found = this.#find(datagram, packet) ?? this.#unexpected(datagram, packet, now)
    if (found === null) return
    const hops = TTL_SINGLE_HOP - datagram.ttl
    if (found.path.hops !== datagram.hops || hops > (this.#maxHops.get(found) ?? 255)) {
      this.#discard('ttl')
      return
    }
    found.counters.received++
    found.heardAt = now
    this.#step(found, { kind: 'packet', packet }, now)
    // Awake as we are, what is due soon goes out now: a turn of its own costs more than all there is to do in it.
    if (found.session.state !== 'up') return
    this.#step(found, { kind: 'company' }, now)
    this.#sendInCompany(found, now)
  }

  /** Something else is about to be sent: whoever may send already does so with it, before it. */
  accompany(now: number): void {
    for (const each of this.#byDiscriminator.values()) {
      if (each.session.state === 'up' && !each.isPatient) this.#step(each, { kind: 'company' }, now)
    }
  }

  dueAt(): number | null {
    return this.#due.first()?.dueAt ?? null
  }

  ring(now: number): void {
    const waiting: BfdSession[] = []
    for (let due = this.#due.first(); due && due.dueAt <= now; due = this.#due.first()) {
      if (due.endAt !== null && now >= due.endAt) this.#forget(due)
      else if (this.#deservesPatience(due, now)) {
        this.#due.set(due, null)
        waiting.push(due)
      } else {
        this.#step(due, { kind: 'timer' }, now)
        this.#sendInCompany(due, now)
      }
    }
    for (const each of waiting) this.#schedule(each)
  }

  /**
   * Whoever is late himself may not call the other one dead: what waits in the socket comes first, and after a delay
   * longer than the detection time, in which the other may have sent all it could, one more detection time.
   */
  #deservesPatience(each: BfdSession, now: number): boolean {
    const { detectAt } = each.session
    if (detectAt === null || each.isPatient || now - detectAt <= PATIENCE_MS) return false
    const detection = detectionMs(each.session) ?? 0
    const untilMs = now - detectAt > detection ? now + detection : now
    each.isPatient = true
    each.session = step(each.parameters, each.session, { kind: 'postpone', untilMs }, { now, chance: 0 })[0]
    return true
  }

  /** Sessions over one interface send together: fewer turns, and all of its backups lose an active in one moment. */
  #sendInCompany(first: BfdSession, now: number): void {
    const { interfaceName } = first.path
    if (interfaceName === null || first.session.sentAt !== now) return
    for (const each of this.#byDiscriminator.values()) {
      // One whose silence is to be judged only after what waits in the socket has its turn after that.
      if (each !== first && !each.isPatient && each.path.interfaceName === interfaceName)
        this.#step(each, { kind: 'company' }, now)
    }
  }

  /** RFC 5880 §6.8.6: by our discriminator, or, while it is not known there, by the ends (RFC 5881 §3, RFC 5883 §4). */
  #find({ interfaceName, hops, source, destination }: BfdDatagram, packet: ControlPacket): BfdSession | null {
    if (packet.yourDiscriminator !== 0) {
      const known = this.#byDiscriminator.get(packet.yourDiscriminator) ?? null
      if (known === null) this.#discard('discriminator')
      return known
    }
    for (const each of this.#byDiscriminator.values()) {
      const { path } = each
      if (path.remote !== source || path.hops !== hops || each.endAt !== null) continue
      if (path.interfaceName !== null && path.interfaceName !== interfaceName) continue
      if (path.local === null || path.local === destination) return each
    }
    return null
  }

  #unexpected(datagram: BfdDatagram, packet: ControlPacket, now: number): BfdSession | null {
    if (packet.yourDiscriminator !== 0) return null
    const found = this.#hooks.unexpected(datagram, packet, now)
    if (found === null) this.#discard('unexpected')
    return found
  }

  #step(each: BfdSession, event: SessionEvent, now: number): void {
    const [session, actions] = step(each.parameters, each.session, event, {
      now,
      chance: each.chances.next(),
    })
    each.session = session
    each.isPatient = false
    for (const action of actions) {
      if (action.do === 'send') this.#send(each, action.packet)
    }
    this.#schedule(each)
    for (const action of actions) {
      if (action.do !== 'report') continue
      each.since = now
      if (action.change.from === 'up') each.counters.lost++
      this.#hooks.changed(each, action.change, now)
    }
  }

  #send({ path, counters }: BfdSession, packet: ControlPacket): void {
    if (this.#links.send(path, encodeControlPacket(packet))) counters.sent++
    else counters.sendErrors++
  }

  #schedule(each: BfdSession): void {
    if (!this.#byDiscriminator.has(each.parameters.discriminator)) return
    const wakeAt = nextWakeup(each.session)
    this.#due.set(each, each.endAt === null || (wakeAt !== null && wakeAt < each.endAt) ? wakeAt : each.endAt)
  }

  #forget(each: BfdSession): void {
    this.#due.set(each, null)
    this.#byDiscriminator.delete(each.parameters.discriminator)
    this.#maxHops.delete(each)
    this.#links.close(each.path)
  }

  #discard(reason: string): void {
    this.discarded.set(reason, (this.discarded.get(reason) ?? 0) + 1)
  }

  /** RFC 5880 §6.8.1: unique, not zero, and not to be guessed. */
  #newDiscriminator(now: number): number {
    for (;;) {
      const discriminator = 1 + Math.floor(this.#draw(now) * 0xffff_ffff)
      if (!this.#byDiscriminator.has(discriminator)) return discriminator
    }
  }

  #draw(now: number): number {
    const drawn = this.#links.draw()
    this.#world.recorder.record({ at: now, input: { kind: 'chance', drawn } })
    return drawn
  }
}
