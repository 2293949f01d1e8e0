/**
 * How replicas tell each other to look. A message is a topic and how far there is something to see; what happened is
 * in the database, where the hearer reads it. So a message may be lost, doubled or out of order, and the look that
 * everybody takes each second finds the same a little later.
 */
import { randomBytes } from 'node:crypto'

/** `feed`: it grew up to the row with this id. `commands`: this one was given. */
export type Topic = 'feed' | 'commands'

export interface Bus {
  /** Tells everybody who subscribed, on whatever replica. Never fails, never waits. */
  publish(topic: Topic, cursor: string): void
  /** `look` is called whenever somebody published, and with null once a second. Returns how to end that. */
  subscribe(topic: Topic, look: (cursor: string | null) => void): () => void
  figures(): BusFigures
  stop(): Promise<void>
}

export interface BusFigures {
  readonly kind: Carrier['kind']
  /** What this replica sent came back to it a moment ago: it hears what others send too. */
  readonly heard: boolean
  readonly sent: number
  readonly received: number
  readonly lost: number
}

/** What carries messages between replicas. */
export interface Carrier {
  readonly kind: 'postgresql' | 'nats'
  /** Hands on everything anybody sends from now on, our own too. Rejects if that cannot begin now. */
  listen(hear: (message: string) => void): Promise<void>
  /** Rejects if the messages cannot be sent now; they are then gone. */
  send(messages: readonly string[]): Promise<void>
  stop(): Promise<void>
}

export interface BusOptions {
  readonly carrier: Carrier
  readonly log: { info(facts: object, message: string): void; warn(facts: object, message: string): void }
  readonly lookEveryMs?: number
  readonly probeEveryMs?: number
}

const LOOK_EVERY_MS = 1_000
/** How often we send ourselves a message: a listener that died without a word is found by its silence. */
const PROBE_EVERY_MS = 5_000
const PROBE = 'probe'

interface State extends BusOptions {
  readonly origin: string
  readonly subscribers: Map<Topic, Set<(cursor: string | null) => void>>
  /** The newest cursor of each topic that waits to be sent. */
  readonly outgoing: Map<string, string>
  sending: Promise<void> | null
  listening: Promise<void> | null
  timers: NodeJS.Timeout[]
  heard: boolean
  heardSinceProbe: boolean
  saidLost: boolean
  stopped: boolean
  sent: number
  received: number
  lost: number
}

/** Nothing is opened before somebody publishes or subscribes. */
export function createBus(options: BusOptions): Bus {
  const state: State = {
    ...options,
    origin: randomBytes(9).toString('base64url'),
    subscribers: new Map(),
    outgoing: new Map(),
    sending: null,
    listening: null,
    timers: [],
    heard: false,
    heardSinceProbe: true,
    saidLost: false,
    stopped: false,
    sent: 0,
    received: 0,
    lost: 0,
  }
  return {
    publish: (topic, cursor) => {
      if (state.stopped) return
      // Who is here need not wait for the way there and back.
      for (const look of state.subscribers.get(topic) ?? []) look(cursor)
      post(state, topic, cursor)
    },
    subscribe: (topic, look) => {
      const looks = state.subscribers.get(topic) ?? new Set()
      state.subscribers.set(topic, looks.add(look))
      beginListening(state)
      return () => void looks.delete(look)
    },
    figures: () => {
      const { carrier, heard, sent, received, lost } = state
      return { kind: carrier.kind, heard, sent, received, lost }
    },
    stop: async () => {
      for (const timer of state.timers) clearInterval(timer)
      state.stopped = true
      state.outgoing.clear()
      await state.sending
      await state.listening
      await state.carrier.stop()
    },
  }
}

/** One sending at a time: what is published meanwhile shares the next, and of a topic only the last cursor counts. */
function post(state: State, topic: string, cursor: string): void {
  state.outgoing.set(topic, cursor)
  state.sending ??= sendAll(state).finally(() => {
    state.sending = null
  })
}

async function sendAll(state: State): Promise<void> {
  while (state.outgoing.size > 0) {
    const messages = [...state.outgoing].map(([topic, cursor]) => `${state.origin} ${topic} ${cursor}`)
    state.outgoing.clear()
    try {
      await state.carrier.send(messages)
      state.sent += messages.length
    } catch {
      // Those who listen look within a second anyway.
      state.lost += messages.length
    }
  }
}

function beginListening(state: State): void {
  if (state.timers.length > 0) return
  state.timers = [
    setInterval(() => lookAnyway(state), state.lookEveryMs ?? LOOK_EVERY_MS),
    setInterval(() => probe(state), state.probeEveryMs ?? PROBE_EVERY_MS),
  ]
  listen(state)
}

function listen(state: State): void {
  state.listening ??= state.carrier
    .listen((message) => hear(state, message))
    .then(() => post(state, PROBE, ''))
    .catch((error: unknown) => sayLost(state, error))
    .finally(() => {
      state.listening = null
    })
}

function hear(state: State, message: string): void {
  if (state.stopped) return
  const [origin, topic, cursor] = message.split(' ')
  if (origin === state.origin) {
    hearOurselves(state)
    return
  }
  state.received += 1
  if (topic !== 'feed' && topic !== 'commands') return
  for (const look of state.subscribers.get(topic) ?? []) look(cursor ?? null)
}

function hearOurselves(state: State): void {
  state.heardSinceProbe = true
  state.heard = true
  if (!state.saidLost) return
  state.saidLost = false
  state.log.info({ bus: state.carrier.kind }, 'the bus carries again')
}

function lookAnyway(state: State): void {
  for (const looks of state.subscribers.values()) for (const look of looks) look(null)
}

function probe(state: State): void {
  if (!state.heardSinceProbe) {
    state.heard = false
    sayLost(state, null)
    listen(state)
  }
  state.heardSinceProbe = false
  post(state, PROBE, '')
}

function sayLost(state: State, error: unknown): void {
  if (state.saidLost || state.stopped) return
  state.saidLost = true
  const facts = { bus: state.carrier.kind, ...(error === null ? {} : { err: error }) }
  state.log.warn(facts, 'the bus is silent; replicas look each second instead')
}
