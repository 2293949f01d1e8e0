import type { OpenDatabase } from '@aloft/control-plane/database/client'

export interface HistorySize {
  readonly sites: number
  readonly routersPerSite: number
  readonly events: number
}

export const DAYS = 90
const DAY_MS = 86_400_000
/** Of ten events three are of a failover: one node leaves, another takes over, the first is back. */
const OTHERS = 7

/**
 * Sites of two nodes with a few virtual routers, whose active changes again and again, and what else such nodes tell in
 * between: links, trackers, now and then a gap. Each router has an epoch of its own, which makes `seq` plain to count.
 * What happened later arrives later, in the whole fleet: rows that lie near each other are of one time, not of one site.
 */
export async function loadHistory(sql: OpenDatabase['sql'], size: HistorySize, nowMs: number) {
  const routers = size.sites * size.routersPerSite
  const failovers = Math.floor(size.events / (3 + OTHERS) / routers)
  const [fromMs, stepMs] = [nowMs - DAYS * DAY_MS + 3_600_000, (DAYS * DAY_MS - 7_200_000) / failovers]
  await partitions(sql, nowMs)
  await sql.unsafe(`
    insert into sites (name, created_at_ms) select 'site-' || n, ${fromMs} from generate_series(1, ${size.sites}) n;
    insert into agents (site_id, node, public_key, software, enrolled_at_ms)
      select s.id, 'lb' || n, s.name || '/' || n, 'bench', ${fromMs} from sites s, generate_series(0, 1) n;
    insert into virtual_routers (site_id, name, vrid, family, addresses, created_at_ms)
      select s.id, 'web-' || n, n, 'ipv4', jsonb_build_array('192.0.2.' || n || '/24'), ${fromMs}
      from sites s, generate_series(1, ${size.routersPerSite}) n;
    insert into agent_sessions (agent_id, session_id, generation, replica, boot_id, run_id, connected_at_ms, last_seen_at_ms, synced)
      select id, 's', 1, 'r', 'boot', 'run', ${fromMs}, ${nowMs}, true from agents;
    insert into agent_epochs (agent_id, epoch, seq, started_at_ms)
      select a.id, v.id::text, ${failovers * 10}, ${fromMs} from agents a join virtual_routers v on v.site_id = a.site_id;
    insert into agent_boots select id, 'boot', ${fromMs}, ${nowMs} from agents;
    create temporary table changes as
      select v.id as router, v.site_id, v.name, v.vrid, k, old.id as old_id, new.id as new_id,
        ${fromMs} + (k + 0.5 * (hashtext(v.id::text || k) & 1023) / 1024) * ${stepMs} as at_ms, (k * 7 + v.vrid) % 50 = 0 as late
      from virtual_routers v join agents old on old.site_id = v.site_id join agents new on new.site_id = v.site_id,
        generate_series(0, ${failovers - 1}) k
      where old.node = 'lb' || (k % 2) and new.node = 'lb' || ((k + 1) % 2)
      order by at_ms;
    analyze changes;`)
  await sql.unsafe(EVENTS)
  await sql.unsafe(`
    insert into transitions
      select e.agent_id, e.epoch, e.seq, e.epoch::uuid, e.wall_ms, e.mono_ms, e.boot_id, e.occurred_at_ms, e.occurred_at_error_ms,
        e.received_at_ms, e.late, e.body from events e where e.kind = 'transition';
    insert into failovers
      select md5(router::text || k), site_id, router, vrid, old_id, new_id, 'no-response', false, at_ms, 1, at_ms + 20, late, 312.5,
        jsonb_build_array(jsonb_build_object('agentId', old_id, 'epoch', router, 'seq', k * 10 + 1),
          jsonb_build_object('agentId', new_id, 'epoch', router, 'seq', k * 10 + 2)) from changes;
    insert into agent_gaps select agent_id, epoch, seq, occurred_at_ms - 60000, occurred_at_ms, 'spool-overflow', 9
      from events where kind = 'gap';
    insert into virtual_router_members
      select router, agent, role, max(at_ms), 100, 'eth0', router::text, max(k) * 10 + 3 from (
        select router, old_id as agent, 'backup' as role, at_ms, k from changes where k = ${failovers - 1}
        union all select router, new_id, 'active', at_ms, k from changes where k = ${failovers - 1}) m group by 1, 2, 3;
    drop table changes;`)
  const history = await readHistory(sql)
  if (history === null) throw new Error('nothing was loaded')
  return history
}

/** What is loaded, and the instant up to which it was, or null. */
export async function readHistory(sql: OpenDatabase['sql']) {
  const [known] = await sql`
    select (select count(*)::int from events) as events, (select count(*)::int from failovers) as failovers,
      (select max(last_seen_at_ms) from agent_sessions) as now_ms`
  const ids = await sql`select id from virtual_routers order by id`
  if (known === undefined || ids.length === 0) return null
  return {
    events: Number(known['events']),
    failovers: Number(known['failovers']),
    routers: ids.map((row) => String(row['id'])),
    nowMs: Number(known['now_ms']),
  }
}

/** The days there are not yet; by our own hand, since every event of the past is about to come at once. */
async function partitions(sql: OpenDatabase['sql'], nowMs: number): Promise<void> {
  for (let day = Math.floor(nowMs / DAY_MS) - DAYS; day < Math.floor(nowMs / DAY_MS) - 1; day++) {
    const name = `events_${new Date(day * DAY_MS).toISOString().slice(0, 10).replaceAll('-', '')}`
    await sql.unsafe(`create table ${name} partition of events (primary key (agent_id, epoch, seq))
      for values from (${day * DAY_MS}) to (${(day + 1) * DAY_MS})`)
  }
}

const EVENTS = `
  insert into events (agent_id, epoch, seq, site_id, wall_ms, mono_ms, boot_id, occurred_at_ms, occurred_at_error_ms,
    received_at_ms, late, kind, virtual_router, vrid, family, body, content_hash)
  select agent, c.router::text, c.k * 10 + n, c.site_id, ms, ms - 1e12, 'boot', ms, 1,
    ms + case when c.late then 7200000 else 20 end, c.late, kind, case when n <= 3 then c.name end,
    case when n <= 3 then c.vrid end, case when n <= 3 then 'ipv4' end,
    body || jsonb_build_object('kind', kind), md5(c.k::text || n)
  from changes c, generate_series(1, 10) n, lateral (
    select case n when 2 then c.new_id else c.old_id end as agent,
      c.at_ms + case n when 1 then -300 when 2 then 0 else n * 20000 end as ms,
      case when n <= 3 then 'transition' when n = 10 and c.k % 97 = 0 then 'gap' else 'link' end as kind,
      case when n > 3 then '{"interface":"eth0","up":true,"count":9,"cause":"spool-overflow","fromWallMs":null,"toWallMs":null}'::jsonb
      else jsonb_build_object('virtualRouter', c.name, 'vrid', c.vrid, 'family', 'ipv4', 'interface', 'eth0', 'priority', 100,
        'addresses', jsonb_build_array('192.0.2.' || c.vrid || '/24'),
        'from', case n when 1 then 'active' when 2 then 'backup' else 'fault' end,
        'to', case n when 1 then 'fault' when 2 then 'active' else 'backup' end,
        'reason', case n when 1 then 'interface-down' when 2 then 'no-response' else 'interface-up' end,
        'outageMs', case n when 2 then 312.5 end,
        'heard', case n when 2 then '{"address":"10.0.0.1","priority":100,"agoMs":310}'::jsonb end) end as body
  ) e`
