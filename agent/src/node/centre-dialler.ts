/** How this agent reaches its centre: which URL, over what, and what became of it (`session/ways.ts` decides). */
import { CloseCode } from '@aloft/shared/protocol/close-codes'
import type { Dialler, Link, LinkListener, Way } from '../session/link.ts'
import {
  type Attempt,
  cameAbout,
  dialled,
  type Evidence,
  ended,
  initialWays,
  leaveUrl,
  nextWay,
  passes,
  type TransportRule,
  tryAgainAtMs,
} from '../session/ways.ts'
import type { CentreAddress } from './centre-address.ts'
import { dialExchange } from './exchange-link.ts'
import { dialWebSocket } from './web-socket-link.ts'

export interface CentreDiallerOptions {
  readonly rule?: TransportRule
  readonly monoMs?: () => number
  readonly random?: () => number
  /** How long an upgrade may go unanswered. */
  readonly handshakeMs?: number
  /** How long a turn of the exchange may go unanswered. */
  readonly turnMs?: number
}

/** `given`: one address or several, all of one centre. */
export function centreDialler(
  given: CentreAddress | readonly CentreAddress[],
  options: CentreDiallerOptions = {},
): Dialler {
  const { rule = 'auto', monoMs = () => performance.now(), random = Math.random } = options
  const centres = 'kind' in given ? [given] : given
  let ways = initialWays(centres.length, rule, random())
  let newest = nextWay(ways, monoMs())
  /** What the session goes by, while others are tried beside it. */
  let used = newest
  const dial = (listener: LinkListener): Link => {
    const way = nextWay(ways, monoMs())
    newest = way
    ways = dialled(ways, way, { nowMs: monoMs(), random: random() })
    let welcomedAtMs: number | null = null
    const note = (evidence: Evidence) => {
      const nowMs = monoMs()
      const welcomedForMs = welcomedAtMs === null ? null : nowMs - welcomedAtMs
      ways = ended(ways, { ...way, welcomedForMs, evidence }, { nowMs, random: random() })
    }
    const link = open(centreAt(centres, way), { way, listener, note, options })
    return {
      send: (text) => link.send(text),
      close: (code, reason) => {
        // No challenge, or no welcome, in time: what was sent was swallowed on the way.
        if (welcomedAtMs === null && code === CloseCode.tryLater) note('swallowed')
        link.close(code, reason)
      },
      welcomed: () => {
        welcomedAtMs = monoMs()
        used = way
        ways = cameAbout(ways, way)
        link.welcomed()
      },
      passed: () => {
        ways = passes(ways, way, monoMs())
      },
    }
  }
  return {
    dial,
    way: () => wayOf(centres, newest),
    betterWayAtMs: () => tryAgainAtMs(ways, used),
    leave: () => {
      ways = leaveUrl(ways)
    },
  }
}

interface Opening {
  readonly way: Pick<Attempt, 'transport'>
  readonly listener: LinkListener
  readonly note: (evidence: Evidence) => void
  readonly options: CentreDiallerOptions
}

function open(centre: CentreAddress, { way, listener, note, options }: Opening): Link {
  const { handshakeMs, turnMs } = options
  if (way.transport === 'websocket') return dialWebSocket(centre, listener, note, handshakeMs)
  return dialExchange(centre, listener, { note, ...(turnMs !== undefined && { turnMs }) })
}

function centreAt(centres: readonly CentreAddress[], { url }: Pick<Attempt, 'url'>): CentreAddress {
  const centre = centres[url]
  if (centre === undefined) throw new RangeError(`there is no URL ${url} among ${centres.length}`)
  return centre
}

function wayOf(centres: readonly CentreAddress[], way: Pick<Attempt, 'url' | 'transport'>): Way {
  return { url: centreAt(centres, way).text, transport: way.transport }
}
