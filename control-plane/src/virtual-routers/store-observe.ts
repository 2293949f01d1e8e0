import type { FamilyName } from '@aloft/shared/protocol/events'
import { sql } from 'drizzle-orm'
import type { z } from 'zod'
import type { Transaction } from '../database/client.ts'
import { executeKept } from '../database/kept.ts'
import { databaseNow } from '../database/live-session.ts'
import { recordset } from '../database/recordset.ts'
import type { RouterObservation } from './observe.ts'

/** What makes a virtual router one of its kind. */
export interface RouterKey {
  readonly siteId: string
  readonly name: string
  readonly vrid: number
  readonly family: z.infer<typeof FamilyName>
}

export function routerName({ siteId, name, vrid, family }: RouterKey): string {
  return JSON.stringify([siteId, name, vrid, family])
}

const KEY_COLUMNS = 'as k("siteId" uuid, name text, vrid integer, family text, addresses jsonb)'

/** Makes the routers nobody reported before, and brings addresses up to date; ids of those made or changed. */
export async function insertRouters(
  tx: Transaction,
  routers: readonly RouterObservation[],
  nowMs: number,
): Promise<readonly string[]> {
  const rows = await executeKept<{ id: string }>(
    tx,
    sql`
    insert into virtual_routers as v (site_id, name, vrid, family, addresses, created_at_ms)
    select k."siteId", k.name, k.vrid, k.family, coalesce(nullif(k.addresses, 'null'), '[]'), ${nowMs}::float8
    from ${recordset(routers.map(pickKey), KEY_COLUMNS)}
    order by k."siteId", k.name, k.vrid, k.family
    on conflict (site_id, name, vrid, family) do update set addresses = excluded.addresses
    where v.addresses <> excluded.addresses and excluded.addresses <> '[]'
    returning id`,
  )
  return rows.map(({ id }) => id)
}

/** Those that are there, in the order of their ids, so that two transactions never wait for each other. */
export async function lockRouters(
  tx: Transaction,
  routers: readonly RouterKey[],
): Promise<readonly (RouterKey & { readonly id: string; readonly addresses: readonly string[] })[]> {
  const rows = await executeKept<{
    id: string
    site_id: string
    name: string
    vrid: number
    family: RouterKey['family']
    addresses: readonly string[]
  }>(
    tx,
    sql`
    select v.id, v.site_id, v.name, v.vrid, v.family, v.addresses from virtual_routers v
    where (v.site_id, v.name, v.vrid, v.family) in
      (select k."siteId", k.name, k.vrid, k.family from ${recordset(routers.map(pickKey), KEY_COLUMNS)})
    order by v.id for no key update`,
  )
  return rows.map(({ site_id, ...row }) => ({ ...row, siteId: site_id }))
}

/**
 * Writes what is newer than the rows say; ids of the routers whose members are different now. What a node says itself
 * outdates what a peer concluded from its silence before.
 */
export async function putMembers(
  tx: Transaction,
  observations: readonly RouterObservation[],
  ids: ReadonlyMap<string, string>,
): Promise<readonly string[]> {
  const members = observations.map(({ siteId, name, vrid, family, addresses, tookFrom, ...member }) => ({
    ...member,
    id: ids.get(routerName({ siteId, name, vrid, family })),
    device: member.interface,
    hears: member.heard !== undefined,
  }))
  const rows = await executeKept<{ virtual_router_id: string }>(
    tx,
    sql`
    with told as (
      select r.*,
        case when not r.entered and old.role = r.role then old.since_ms else r."atMs" end as since_ms,
        coalesce(r.source, old.source) as own_address,
        case when r.hears then r.heard else old.heard_address end as hears_address,
        case when old.taken_at_ms > ${databaseNow} - r."agoMs" then old.taken_at_ms end as taken_at_ms,
        old.role is distinct from r.role or r.entered or old.priority <> r.priority or old.interface <> r.device
          or (r.hears and old.heard_address is distinct from r.heard)
          or old.taken_at_ms <= ${databaseNow} - r."agoMs" as differs
      from ${recordset(
        members,
        `as r(id uuid, "agentId" uuid, role text, "atMs" float8, "agoMs" float8, priority integer, device text,
          epoch text, "epochStartedAtMs" float8, "asOfSeq" bigint, entered boolean, source text, heard text,
          hears boolean)`,
      )}
      left join lateral (
        select * from virtual_router_members o where o.virtual_router_id = r.id and o.agent_id = r."agentId" offset 0
      ) old on true
      left join agent_epochs e on e.agent_id = old.agent_id and e.epoch = old.epoch
      where old.agent_id is null
        or (old.epoch = r.epoch and old.as_of_seq <= r."asOfSeq")
        or (old.epoch <> r.epoch and coalesce(e.started_at_ms, 0) <= r."epochStartedAtMs")
    ), put as (
      insert into virtual_router_members as m (virtual_router_id, agent_id, role, since_ms, priority, interface,
        epoch, as_of_seq, source, heard_address)
      select id, "agentId", role, since_ms, priority, device, epoch, "asOfSeq", own_address, hears_address from told
      on conflict (virtual_router_id, agent_id) do update set role = excluded.role, since_ms = excluded.since_ms,
        priority = excluded.priority, interface = excluded.interface, epoch = excluded.epoch,
        as_of_seq = excluded.as_of_seq, source = excluded.source, heard_address = excluded.heard_address,
        taken_at_ms = (select t.taken_at_ms from told t
          where t.id = m.virtual_router_id and t."agentId" = m.agent_id)
      returning virtual_router_id, agent_id
    )
    select distinct put.virtual_router_id from put
    join told on told.id = put.virtual_router_id and told."agentId" = put.agent_id where told.differs`,
  )
  return rows.map((row) => row.virtual_router_id)
}

/**
 * A node took over because another fell silent: noted at the member that is heard by that address, if its own last word
 * was that it is active. Gives the routers concerned.
 */
export async function markTaken(
  tx: Transaction,
  observations: readonly RouterObservation[],
  ids: ReadonlyMap<string, string>,
): Promise<readonly string[]> {
  if (observations.length === 0) return []
  const takeovers = observations.map((observation) => {
    const { agentId, agoMs, agoErrorMs, tookFrom } = observation
    return { id: ids.get(routerName(observation)), agentId, agoMs: agoMs + agoErrorMs, tookFrom }
  })
  const rows = await executeKept<{ virtual_router_id: string }>(
    tx,
    sql`
    update virtual_router_members m set taken_at_ms = ${databaseNow} - t."agoMs", taken_by = t."agentId"
    from (select distinct on (id, "tookFrom") * from ${recordset(
      takeovers,
      'as r(id uuid, "agentId" uuid, "agoMs" float8, "tookFrom" text)',
    )} order by id, "tookFrom", "agoMs") t
    where m.virtual_router_id = t.id and m.source = t."tookFrom" and m.agent_id <> t."agentId" and m.role = 'active'
      and coalesce(m.taken_at_ms, 0) < ${databaseNow} - t."agoMs"
    returning m.virtual_router_id`,
  )
  return rows.map((row) => row.virtual_router_id)
}

export async function removeMembersBut(
  tx: Transaction,
  { agentId, epoch, asOfSeq }: { readonly agentId: string; readonly epoch: string; readonly asOfSeq: number },
  stays: readonly string[],
): Promise<readonly string[]> {
  const rows = await executeKept<{ virtual_router_id: string }>(
    tx,
    sql`
    delete from virtual_router_members m
    where m.agent_id = ${agentId}::uuid
      and not exists (select 1 from jsonb_array_elements_text(${JSON.stringify(stays)}::text::jsonb) s
        where s::uuid = m.virtual_router_id)
      and (m.epoch <> ${epoch} or m.as_of_seq <= ${asOfSeq}::bigint)
    returning virtual_router_id`,
  )
  return rows.map((row) => row.virtual_router_id)
}

function pickKey({ siteId, name, vrid, family, ...rest }: RouterKey & Partial<RouterObservation>) {
  return { siteId, name, vrid, family, addresses: rest.addresses ?? null }
}

export async function epochStartedAt(tx: Transaction, agentId: string, epoch: string): Promise<number> {
  const [row] = await executeKept<{ started_at_ms: number }>(
    tx,
    sql`
    select started_at_ms from agent_epochs where agent_id = ${agentId}::uuid and epoch = ${epoch}`,
  )
  return row?.started_at_ms ?? 0
}

/** Whether no newer session of the agent was opened, and none will be before the commit. */
export async function isNewest(tx: Transaction, agentId: string, generation: number): Promise<boolean> {
  const [row] = await executeKept<{ generation: string }>(
    tx,
    sql`
    select generation from agent_sessions where agent_id = ${agentId}::uuid for share`,
  )
  return Number(row?.generation) === generation
}
