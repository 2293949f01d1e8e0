/** The status as people read it. Roles are told by word and shape, never by colour alone. */
import type { Role } from '@aloft/shared/protocol/events'
import { formatDuration } from '@aloft/shared/time/duration'
import type { RouterStatus } from '../router/contract.ts'
import type { FaultDetail } from '../router/loop/status.ts'
import type { AgentStatus } from '../steward/status-contract.ts'
import { bfdLines } from './bfd-text.ts'
import { FINDINGS } from './finding-words.ts'
import { formatTable } from './table.ts'
import { trackerLines } from './tracker-text.ts'

/** `agent` null: the steward is away and the router answered for itself. */
export type LocalStatus = Omit<AgentStatus, 'agent'> & { readonly agent: AgentStatus['agent'] | null }

const SYMBOL: Readonly<Record<Role, string>> = { active: '●', backup: '○', initialize: '·', fault: '✕' }

/** What is asked of a terminal: its width at most. Plain text, one table, a trailing newline. */
export function statusText(status: LocalStatus, nowWallMs: number): string {
  const ago = (wallMs: number) => since(wallMs, nowWallMs)
  const followed = [...trackerLines({ ...status, ago }), ...bfdLines(status.router?.bfd, ago)]
  return [
    ...agentLines(status, nowWallMs),
    '',
    ...(status.router
      ? routerLines(status.router, nowWallMs)
      : ['router: not running, nothing is being elected']),
    ...(followed.length > 0 ? ['', ...followed] : []),
    '',
  ].join('\n')
}

function agentLines(
  { agent, router, uplink, spool, notifications }: LocalStatus,
  nowWallMs: number,
): string[] {
  const lines: string[] = []
  if (agent) {
    lines.push(`node ${agent.node}, steward pid ${agent.pid}, up ${since(agent.startedWallMs, nowWallMs)}`)
    lines.push(`config ${agent.config.file}, revision ${agent.config.revision}`)
    if (agent.config.refused) lines.push(`  ✕ refused as it is now: ${agent.config.refused}`)
  } else lines.push('✕ steward: not running; the router goes on without it')
  if (router) {
    const { pid, startedWallMs, realtime, lateness, revision } = router
    lines.push(`router pid ${pid}, up ${since(startedWallMs, nowWallMs)}, revision ${revision ?? 'none yet'}`)
    const mode = realtime.policy === 'fifo' ? 'real-time (SCHED_FIFO)' : '! not real-time'
    const why = realtime.policy === 'fifo' || !realtime.detail ? '' : `: ${realtime.detail}`
    // A router that an upgrade has not replaced yet says nothing of it.
    const limit = realtime.spinLimitMs == null ? '' : `, ended if it spins for ${ms(realtime.spinLimitMs)}`
    lines.push(`  ${mode}${limit}${why}`)
    lines.push(
      `  alarms late by at most ${ms(lateness.lastMinuteMaxMs)} in the last minute, ${ms(lateness.maxMs)} since the start`,
    )
    if (router.stalls.count > 0) {
      const { count, longestMs } = router.stalls
      lines.push(`  ! did not run for longer than its peers wait: ${count} times, ${ms(longestMs)} at most`)
    }
    const { waiting, lost, error } = router.journal
    if (error) lines.push(`  ✕ journal: ${error} (${waiting} observations wait, ${lost} lost)`)
    for (const { kind, what, error: why, remedy, count } of router.holdingFailures) {
      lines.push(`  ✕ ${kind} ${what}: ${why} (${count} times)${remedy === null ? '' : `: ${remedy}`}`)
    }
    if (router.inputErrors > 0)
      lines.push(`  ✕ ${router.inputErrors} datagrams made the router fail; see recordings/`)
  }
  lines.push(uplinkLine(uplink, nowWallMs))
  if (uplink?.keyFingerprint) lines.push(`  its key there is ${uplink.keyFingerprint}`)
  if (spool)
    lines.push(`spool: ${spool.backlog} events wait for the control plane, ${spool.lastSeq} kept in all`)
  const waiting = Object.entries(notifications ?? {}).filter(([, count]) => count > 0)
  if (waiting.length > 0)
    lines.push(
      `notifications: ${waiting.map(([how, count]) => `${count} events not told to ${how} yet`).join(', ')}`,
    )
  return lines
}

function uplinkLine(uplink: AgentStatus['uplink'], nowWallMs: number): string {
  if (uplink === null) return 'uplink: none; this agent reports to no control plane'
  const symbol = uplink.state === 'connected' ? '●' : '○'
  const detail = uplink.detail ? ` (${uplink.detail})` : ''
  const by = { websocket: ' by WebSocket', exchange: ' by HTTP requests' }
  const way = uplink.url + (uplink.transport === null ? '' : by[uplink.transport])
  return `uplink: ${symbol} ${uplink.state} for ${since(uplink.sinceWallMs, nowWallMs)}, ${way}${detail}`
}

function routerLines(router: RouterStatus, nowWallMs: number): string[] {
  const header = [
    ...['virtual router', 'role', 'prio'],
    { title: 'since', spare: 2 },
    ...['active', 'interface'],
    { title: 'vrid', spare: 3 },
    { title: 'interval', spare: 4 },
    { title: 'addresses', soft: 18, spare: 1 },
  ]
  const rows = router.virtualRouters.map((each) => [
    each.virtualRouter,
    `${SYMBOL[each.role]} ${each.role}`,
    String(each.priority),
    since(each.sinceWallMs, nowWallMs),
    whoIsActive(each),
    each.interface,
    `${each.vrid}/v${each.version}`,
    formatDuration(each.advertisementIntervalMs),
    each.addresses.join(' '),
  ])
  const faults = router.virtualRouters.flatMap((each) =>
    (each.faults ?? []).map((fault) => faultLine(each, fault)),
  )
  const departures = router.virtualRouters.flatMap(departureLines)
  const links = router.virtualRouters.flatMap((each) => [
    ...peerLines(each),
    ...virtualLinkLines(each),
    ...holdingLines(each),
  ])
  const discards = router.discards.map(
    ({ interface: interfaceName, reason, count }) => `discarded on ${interfaceName}: ${count} × ${reason}`,
  )
  const findings = router.findings.map(({ interface: name, virtualRouter, vrid, source, finding, count }) => {
    const whose = virtualRouter ?? (vrid === null ? '' : `vrid ${vrid}`)
    return `! ${name}: ${whose} ${source} ${FINDINGS[finding]} (${count} times)`
  })
  const table =
    rows.length > 0 ? formatTable(header, rows).split('\n') : ['no virtual routers are configured']
  return [table, links, faults, departures, findings, discards]
    .filter(({ length }) => length > 0)
    .flatMap((part, i) => (i === 0 ? part : ['', ...part]))
}

/** To whom it speaks, if not to the group of all. */
function peerLines({ virtualRouter, peers, ownPeers }: RouterStatus['virtualRouters'][number]): string[] {
  if (peers === undefined) return []
  const toWhom = peers.length === 0 ? 'speaks to nobody' : `speaks to ${peers.join(', ')} only`
  const leftOut = ownPeers ? `; ${ownPeers.join(', ')} is this host itself` : ''
  return [`${virtualRouter} ${toWhom}${leftOut}`]
}

/** Where the addresses are, if not on the interface itself, and whether packets reach them. */
function virtualLinkLines({
  virtualRouter,
  virtualMac,
  ipvlan,
  accepts,
}: RouterStatus['virtualRouters'][number]): string[] {
  const place = [
    ...(virtualMac ? [`${virtualRouter} is on ${virtualMac.device}, ${virtualMac.address}`] : []),
    ...(ipvlan ? [`${virtualRouter} is on ${ipvlan.device}, an ipvlan in ${ipvlan.mode} mode`] : []),
  ]
  return accepts === false
    ? [...place, `${virtualRouter} lets no packets in to its addresses (accept: false)`]
    : place
}

/** What goes with the active role besides the addresses in the table, and what does not end with the agent. */
function holdingLines({
  virtualRouter,
  holdsBesides,
  isLeased,
}: RouterStatus['virtualRouters'][number]): string[] {
  const besides = holdsBesides ? [`${virtualRouter} holds while active: ${holdsBesides.join('; ')}`] : []
  return isLeased === false
    ? [...besides, `${virtualRouter} has no lease: its addresses outlive a killed or frozen agent`]
    : besides
}

function departureLines(router: RouterStatus['virtualRouters'][number]): string[] {
  const { virtualRouter, isLeaving, standsBack } = router
  const leaving = isLeaving ? [`${virtualRouter} goes on answering until its successor is there`] : []
  if (!standsBack) return leaving
  const { untilWallMs } = standsBack
  const until =
    untilWallMs === null ? 'it is told to (step-down --undo)' : new Date(untilWallMs).toISOString()
  return [...leaving, `${virtualRouter} stepped down and preempts nobody until ${until}`]
}

/** Why a router takes no part, and what would change that. */
function faultLine(router: RouterStatus['virtualRouters'][number], { reason, what }: FaultDetail): string {
  const { virtualRouter, interface: name, family, ipvlan } = router
  const orGiven = ipvlan && family === 'ipv4' ? '; write ipvlan: { address: … } to give it one' : ''
  const why = {
    'interface-missing': `there is no interface ${name}; it takes part as soon as there is`,
    'interface-down': `interface ${name} is down or has no carrier; it takes part as soon as it is up`,
    'virtual-link': `${what ?? 'its device'}; it takes part as soon as that is mended`,
    'no-primary-ip-address': `interface ${name} has no ${family === 'ipv4' ? 'IPv4' : 'IPv6'} address of its own to speak from${orGiven}`,
    'no-peers':
      'it is to speak to peers only, and there are none but this host; write the others under unicast',
    'no-virtual-ip-addresses': `${what ?? 'a virtual address'} was taken away`,
    tracker: `${what ?? 'a tracker'} has failed; it takes part as soon as that is well`,
    'sync-group': `${what ?? 'another member of its sync group'} is in fault`,
  }
  return `✕ ${virtualRouter} is in fault: ${why[reason]}`
}

function whoIsActive(router: RouterStatus['virtualRouters'][number]): string {
  if (router.role === 'active') return 'this node'
  return router.active ? `${router.active.address} (${router.active.priority})` : 'unknown'
}

function since(wallMs: number, nowWallMs: number): string {
  const seconds = Math.max(0, Math.round((nowWallMs - wallMs) / 1_000))
  if (seconds < 60) return `${seconds}s`
  if (seconds < 3_600) return `${Math.floor(seconds / 60)}m${seconds % 60}s`
  if (seconds < 86_400) return `${Math.floor(seconds / 3_600)}h${Math.floor((seconds % 3_600) / 60)}m`
  return `${Math.floor(seconds / 86_400)}d${Math.floor((seconds % 86_400) / 3_600)}h`
}

function ms(value: number): string {
  return `${value.toFixed(value < 10 ? 1 : 0)} ms`
}
