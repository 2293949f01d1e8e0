/**
 * Thousands of agents in one process: the real session machine, identity and links, without files. They are put into
 * the database as nodes that enrolled before credentials were known, and are given theirs in their first session.
 */
import { randomBytes, randomUUID } from 'node:crypto'
import { parseCentreAddress } from '../../agent/src/node/centre-address.ts'
import { centreDialler } from '../../agent/src/node/centre-dialler.ts'
import type { Dialler } from '../../agent/src/session/link.ts'
import { CommandLedger } from '../../agent/src/steward/command-ledger.ts'
import { makeIdentity, publicKeyOf } from '../../agent/src/steward/identity.ts'
import { IdentityKeeper } from '../../agent/src/steward/identity-keeper.ts'
import { Uplink, type UplinkOptions } from '../../agent/src/steward/uplink.ts'
import type { DatabaseAddress } from '../../control-plane/src/database/client.ts'
import { openDatabase } from '../../control-plane/src/database/client.ts'

export interface PlainAgent<Spool> {
  readonly agentId: string
  readonly uplink: Uplink
  readonly spool: Spool
  /** Every dial, by `performance.now()`, and how it ended. */
  readonly attempts: Attempt[]
}

export interface Attempt {
  readonly atMs: number
  endedAtMs: number | null
  code: number | null
  retryAfterMs: number | null
  /** As its welcome told, if it had one. */
  spreadMs: number | null
}

export interface PlainFleetOptions<Spool> {
  readonly address: DatabaseAddress
  readonly url: string
  readonly count: number
  /** `site` counts from 0; each has two nodes. */
  readonly spoolOf: (place: { readonly site: number; readonly isFirst: boolean }) => Spool
}

export async function enrolPlainFleet<Spool extends UplinkOptions['spool']>(
  options: PlainFleetOptions<Spool>,
): Promise<readonly PlainAgent<Spool>[]> {
  const { address, url, count, spoolOf } = options
  const run = randomBytes(3).toString('hex')
  const nodes = Array.from({ length: count }, (_, i) => {
    const identity = makeIdentity()
    const isFirst = i % 2 === 0
    const site = i >> 1
    return {
      agentId: randomUUID(),
      identity,
      isFirst,
      site,
      name: `${run}-${site}`,
      node: isFirst ? 'lb1' : 'lb2',
    }
  })
  await insertNodes(
    address,
    nodes.map(({ agentId, name, node, identity }) => ({ agentId, name, node, key: publicKeyOf(identity) })),
  )
  const bootId = randomUUID()
  return nodes.map(({ agentId, identity, site, isFirst, name, node }): PlainAgent<Spool> => {
    const spool = spoolOf({ site, isFirst })
    const attempts: Attempt[] = []
    const enrolment = { agentId, site: name, node, enrolledWallMs: Date.now() }
    const uplink = new Uplink({
      dialler: watched(centreDialler(parseCentreAddress(url), { rule: 'ws' }), attempts),
      spool,
      config: { agentId, node, software: 'aloft/simulated', bootId, runId: randomUUID(), machineId: agentId },
      identity: new IdentityKeeper({
        identity: { ...identity, enrolment },
        enrolment,
        save: async () => {},
        wallMs: Date.now,
        log: () => {},
      }),
      // It cannot be written, and need not be: a `report` may be done twice.
      ledger: new CommandLedger(`/nonexistent/${agentId}`, () => {}),
      routers: async () => [],
      monoMs: () => performance.now(),
      wallMs: Date.now,
      log: () => {},
    })
    return { agentId, uplink, spool, attempts }
  })
}

function watched(dialler: Dialler, attempts: Attempt[]): Dialler {
  return {
    ...dialler,
    way: () => dialler.way(),
    dial: (listener) => {
      const attempt: Attempt = {
        atMs: performance.now(),
        endedAtMs: null,
        code: null,
        retryAfterMs: null,
        spreadMs: null,
      }
      attempts.push(attempt)
      return dialler.dial({
        ...listener,
        message: (text) => {
          const told = text.startsWith('{"kind":"welcome"')
            ? /"spreadMs":([\d.]+)/.exec(text)?.[1]
            : undefined
          if (told !== undefined) attempt.spreadMs = Number(told)
          listener.message(text)
        },
        closed: (code, reason, retryAfterMs) => {
          Object.assign(attempt, { endedAtMs: performance.now(), code, retryAfterMs })
          listener.closed(code, reason, retryAfterMs)
        },
      })
    },
  }
}

interface NodeRow {
  readonly agentId: string
  readonly name: string
  readonly node: string
  readonly key: string
}

async function insertNodes(address: DatabaseAddress, nodes: readonly NodeRow[]): Promise<void> {
  const { sql, close } = openDatabase(address, 1)
  const rows = JSON.stringify(nodes)
  const nowMs = Date.now()
  try {
    await sql`
      insert into sites (name, created_at_ms)
      select distinct name, ${nowMs}::float8 from jsonb_to_recordset(${rows}::text::jsonb) as r(name text)`
    await sql`
      insert into agents (id, site_id, node, public_key, software, enrolled_at_ms)
      select r."agentId", s.id, r.node, r.key, 'aloft/simulated', ${nowMs}::float8
      from jsonb_to_recordset(${rows}::text::jsonb) as r("agentId" uuid, name text, node text, key text)
      join sites s on s.name = r.name`
  } finally {
    await close()
  }
}
