/**
 * Which of the centre's URLs is tried next, and over what. All URLs are of one centre; each agent tries them in an order
 * of its own, stays with the one that worked, and goes on to the next when it does not. Where WebSockets do not pass,
 * HTTP requests are used at that URL, and a WebSocket is tried again now and then.
 */
import type { Transport } from './link.ts'
import type { Moment } from './state.ts'

export type TransportRule = 'auto' | 'ws' | 'exchange'

/**
 * What the end of a link says of the way to the centre. `refused`: the answer to the upgrade was no WebSocket.
 * `swallowed`: nothing came. `cut`: it broke without a word. `unreachable`: nobody is there. `busy`: the centre has no
 * time. `told`: the centre ended it, or we did.
 */
export type Evidence = 'refused' | 'swallowed' | 'cut' | 'unreachable' | 'busy' | 'told'

export interface Attempt {
  readonly url: number
  readonly transport: Transport
  /** How long the session lasted that came of it; null when none did. */
  readonly welcomedForMs: number | null
  readonly evidence: Evidence
}

interface Url {
  /** How much speaks against WebSockets here. */
  readonly suspicion: number
  /** HTTP requests until then; null: WebSockets. */
  readonly exchangeUntilMs: number | null
  /** WebSockets tried again in vain. */
  readonly triedAgain: number
}

export interface Ways {
  readonly rule: TransportRule
  /** Of the URLs as they were given. */
  readonly order: readonly number[]
  /** In `order`. */
  readonly at: number
  readonly urls: readonly Url[]
}

/** So much suspicion is a verdict. */
const VERDICT = 6
const SUSPICION: Partial<Record<Evidence, number>> = { refused: 6, swallowed: 6, cut: 3 }
/** A session that was welcomed and cut off soon after may be a proxy's doing, or a poor line's. */
const SUSPICION_SOON_CUT = 2
const SOON_MS = 60_000
/** From a verdict to the next try with a WebSocket, doubled by each that is in vain; random between half and one and a half. */
const TRY_AGAIN_MS = 300_000
const TRY_AGAIN_MS_MAX = 3_600_000

/** `random` in [0, 1) decides the order. */
export function initialWays(urls: number, rule: TransportRule, random: number): Ways {
  const url: Url = { suspicion: 0, exchangeUntilMs: null, triedAgain: 0 }
  return { rule, order: shuffled(urls, random), at: 0, urls: Array.from({ length: urls }, () => url) }
}

export function nextWay(ways: Ways, nowMs: number): Pick<Attempt, 'url' | 'transport'> {
  const url = ways.order[ways.at] ?? 0
  return { url, transport: transportAt(ways, url, nowMs) }
}

/** When a session over HTTP requests should try whether a WebSocket passes by now; null: never. */
export function tryAgainAtMs(
  ways: Ways,
  { url, transport }: Pick<Attempt, 'url' | 'transport'>,
): number | null {
  return ways.rule === 'auto' && transport === 'exchange' ? (ways.urls[url]?.exchangeUntilMs ?? null) : null
}

/** A WebSocket is tried again: whatever comes of it, but for a session, the next try is later. */
export function dialled(
  ways: Ways,
  { url, transport }: Pick<Attempt, 'url' | 'transport'>,
  moment: Pick<Moment, 'nowMs' | 'random'>,
): Ways {
  const before = ways.urls[url]
  const isAgain = transport === 'websocket' && before !== undefined && before.exchangeUntilMs !== null
  return isAgain ? withUrl(ways, url, untilNextTry(before, moment)) : ways
}

/** A trial came through without a session: the next attempt goes that way, and what comes of it counts. */
export function passes(
  ways: Ways,
  { url, transport }: Pick<Attempt, 'url' | 'transport'>,
  nowMs: number,
): Ways {
  const isHeldBack = transport === 'websocket' && (ways.urls[url]?.exchangeUntilMs ?? null) !== null
  return isHeldBack ? withUrl(ways, url, { exchangeUntilMs: nowMs }) : ways
}

/** A session came about: this is the way. */
export function cameAbout(ways: Ways, { url, transport }: Pick<Attempt, 'url' | 'transport'>): Ways {
  const stays = { ...ways, at: Math.max(0, ways.order.indexOf(url)) }
  if (transport === 'exchange') return stays
  return withUrl(stays, url, { exchangeUntilMs: null, triedAgain: 0 })
}

export function ended(ways: Ways, attempt: Attempt, moment: Pick<Moment, 'nowMs' | 'random'>): Ways {
  const { url, transport, welcomedForMs, evidence } = attempt
  const before = ways.urls[url]
  if (before === undefined || evidence === 'told') return ways
  if (welcomedForMs !== null && welcomedForMs >= SOON_MS) return withUrl(ways, url, { suspicion: 0 })
  if (transport === 'exchange') {
    // HTTP does not pass either: it was not the WebSocket's fault.
    if (welcomedForMs === null) return onward(withUrl(ways, url, { exchangeUntilMs: null }), url)
    return ways
  }
  // Tried again in vain, which was reckoned with when it was dialled.
  if (welcomedForMs === null && before.exchangeUntilMs !== null) return ways
  const added =
    welcomedForMs === null ? (SUSPICION[evidence] ?? 0) : evidence === 'cut' ? SUSPICION_SOON_CUT : 0
  const suspicion = before.suspicion + added
  if (ways.rule !== 'auto' || suspicion < VERDICT) {
    const suspected = withUrl(ways, url, { suspicion })
    return welcomedForMs === null ? onward(suspected, url) : suspected
  }
  return withUrl(ways, url, { suspicion: 0, ...untilNextTry(before, moment) })
}

function untilNextTry({ triedAgain }: Url, { nowMs, random }: Pick<Moment, 'nowMs' | 'random'>) {
  const waitMs = Math.min(TRY_AGAIN_MS * 2 ** triedAgain, TRY_AGAIN_MS_MAX) * (0.5 + random)
  return { exchangeUntilMs: nowMs + waitMs, triedAgain: triedAgain + 1 }
}

/** The centre asked us to leave this URL: another one, if there is any. */
export function leaveUrl(ways: Ways): Ways {
  return onward(ways, ways.order[ways.at] ?? 0)
}

function transportAt({ rule, urls }: Ways, url: number, nowMs: number): Transport {
  if (rule !== 'auto') return rule === 'ws' ? 'websocket' : 'exchange'
  const untilMs = urls[url]?.exchangeUntilMs ?? null
  return untilMs !== null && nowMs < untilMs ? 'exchange' : 'websocket'
}

/** From that URL to the one after it, unless another attempt has gone on already. */
function onward(ways: Ways, url: number): Ways {
  return ways.order[ways.at] === url ? { ...ways, at: (ways.at + 1) % ways.order.length } : ways
}

function withUrl(ways: Ways, url: number, facts: Partial<Url>): Ways {
  return { ...ways, urls: ways.urls.map((each, i) => (i === url ? { ...each, ...facts } : each)) }
}

/** One of all orders, each as likely: the digits of `random` in bases that grow (Lehmer's code). */
function shuffled(count: number, random: number): readonly number[] {
  const left = Array.from({ length: count }, (_, i) => i)
  const order: number[] = []
  for (let rest = random; left.length > 0; ) {
    const scaled = rest * left.length
    const at = Math.min(Math.floor(scaled), left.length - 1)
    order.push(...left.splice(at, 1))
    rest = scaled - at
  }
  return order
}
