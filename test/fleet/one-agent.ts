/** One agent without a router: the steward's real session, dialler and links, a spool in memory, and a clock to set ahead. */
import { randomUUID } from 'node:crypto'
import type { RouterState } from '@aloft/shared/protocol/frames'
import { parseCentreAddresses } from '../../agent/src/node/centre-address.ts'
import { type CentreDiallerOptions, centreDialler } from '../../agent/src/node/centre-dialler.ts'
import { CommandLedger } from '../../agent/src/steward/command-ledger.ts'
import { makeIdentity } from '../../agent/src/steward/identity.ts'
import { IdentityKeeper } from '../../agent/src/steward/identity-keeper.ts'
import { Uplink } from '../../agent/src/steward/uplink.ts'
import type { Database } from '../../control-plane/src/database/client.ts'
import { enrolNode } from '../../control-plane/src/gateway/test-agent.ts'
import { until } from '../lab/wait.ts'
import { MemorySpool } from './memory-spool.ts'

export interface OneAgent {
  readonly agentId: string
  readonly uplink: Uplink
  readonly spool: MemorySpool
  /** Every link the session asked for, in order. */
  readonly links: LinkRecord[]
  /** Lets so much time pass for the choice of ways, and for nothing else. */
  setAhead(ms: number): void
  observe(count: number): void
  /** Waits until everything observed is acknowledged. */
  delivered(): Promise<void>
}

interface LinkRecord {
  readonly said: string[]
  /** By `performance.now()`. */
  welcomedAtMs: number | null
  endedAtMs: number | null
  /** How it was told to have ended, or how the session ended it. */
  ended: {
    readonly by: 'link' | 'session'
    readonly code: number
    readonly reason: string
    readonly retryAfterMs: number | null
  } | null
}

export async function startAgent(
  db: Database,
  node: string,
  /** `url`: or several, with commas. `routers`: what its snapshots show; nothing by default. */
  options: CentreDiallerOptions & { readonly url: string; readonly routers?: () => readonly RouterState[] },
): Promise<OneAgent> {
  const { agentId, site, key } = await enrolNode(db, 'berlin', node)
  const enrolment = { agentId, site, node, enrolledWallMs: Date.now() }
  const privateKey = key.export({ type: 'pkcs8', format: 'pem' }).toString()
  const spool = new MemorySpool()
  const links: LinkRecord[] = []
  let aheadMs = 0
  const dialler = centreDialler(parseCentreAddresses([options.url]), {
    ...options,
    monoMs: () => performance.now() + aheadMs,
  })
  const uplink = new Uplink({
    dialler: {
      way: dialler.way,
      leave: () => dialler.leave?.(),
      betterWayAtMs: () => {
        const atMs = dialler.betterWayAtMs?.() ?? null
        return atMs === null ? null : atMs - aheadMs
      },
      dial: (listener) => {
        const link: LinkRecord = { said: [], welcomedAtMs: null, endedAtMs: null, ended: null }
        links.push(link)
        const real = dialler.dial({
          ...listener,
          closed: (code, reason, retryAfterMs) => {
            link.endedAtMs = performance.now()
            link.ended = { by: 'link', code, reason, retryAfterMs }
            listener.closed(code, reason, retryAfterMs)
          },
        })
        return {
          send: (text) => {
            link.said.push(text)
            real.send(text)
          },
          close: (code, reason) => {
            link.endedAtMs ??= performance.now()
            link.ended ??= { by: 'session', code, reason, retryAfterMs: null }
            real.close(code, reason)
          },
          welcomed: () => {
            link.welcomedAtMs = performance.now()
            real.welcomed()
          },
          passed: () => real.passed?.(),
        }
      },
    },
    spool,
    config: {
      agentId,
      node,
      software: 'test',
      bootId: randomUUID(),
      runId: randomUUID(),
      machineId: agentId,
    },
    identity: new IdentityKeeper({
      identity: { ...makeIdentity(), privateKey, enrolment },
      enrolment,
      save: async () => {},
      wallMs: Date.now,
      log: () => {},
    }),
    // It cannot be written, and need not be: a `report` may be done twice.
    ledger: new CommandLedger(`/nonexistent/${agentId}`, () => {}),
    routers: async () => options.routers?.() ?? [],
    monoMs: () => performance.now(),
    wallMs: Date.now,
    log: () => {},
  })
  const observe = (count: number) => {
    for (let i = 0; i < count; i++) {
      const at = { wallMs: Date.now(), monoMs: performance.now(), bootId: 'boot' }
      spool.observe(at, { kind: 'link', interface: 'eth0', up: i % 2 === 0 })
    }
  }
  const isDelivered = () => uplink.isLive && spool.condition.heldSeq === spool.condition.lastSeq
  uplink.start()
  uplink.routerIs(true)
  return {
    agentId,
    uplink,
    spool,
    links,
    observe,
    setAhead: (ms) => {
      aheadMs += ms
      // Its timer was set by the clock as it was.
      observe(1)
    },
    delivered: async () => {
      await until(isDelivered, {
        what: `events of ${node} to be held: ${JSON.stringify(uplink.status())}`,
        withinMs: 20_000,
      })
    },
  }
}
