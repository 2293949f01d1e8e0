/** The local agent's truth as Prometheus figures. A router that went away takes its series with it. */

import { counter, type Figure, gauge, type Sample } from '@aloft/shared/metrics/exposition'
import type { RouterStatus } from '../router/contract.ts'
import { bfdFigures } from './bfd-figures.ts'
import type { AgentStatus } from './status-contract.ts'
import { trackerFigures } from './trackers/tracker-figures.ts'

const ROLES = ['initialize', 'backup', 'active', 'fault'] as const

type RouterEntry = RouterStatus['virtualRouters'][number]

/** Everything `aloft status --json` holds that is a number or a state. */
export function agentFigures({ agent, router, trackers, uplink, spool }: AgentStatus): readonly Figure[] {
  return [
    labelled('aloft_agent_info', 'The node, and the config revision it should run.', 'gauge', [
      { labels: { node: agent.node, revision: agent.config.revision }, value: 1 },
    ]),
    gauge(
      'aloft_config_refused',
      'Whether the config file as last read was refused.',
      Number(agent.config.refused !== null),
    ),
    gauge('aloft_router_up', 'Whether the router process answers.', Number(router !== null)),
    gauge(
      'aloft_uplink_connected',
      'Whether a session with the control plane is open.',
      Number(uplink?.state === 'connected'),
    ),
    ...(spool === null
      ? []
      : [gauge('aloft_spool_backlog', 'Events the control plane has not acknowledged.', spool.backlog)]),
    ...trackerFigures(trackers),
    ...(router === null
      ? []
      : [
          ...processFigures(router),
          ...virtualRouterFigures(router.virtualRouters),
          ...bfdFigures(router.bfd),
        ]),
  ]
}

function processFigures({
  realtime,
  lateness,
  stalls,
  discards,
  findings,
  inputErrors,
  journal,
}: RouterStatus): readonly Figure[] {
  return [
    gauge(
      'aloft_router_realtime',
      'Whether the router runs under SCHED_FIFO.',
      Number(realtime.policy === 'fifo'),
    ),
    gauge(
      'aloft_router_lateness_max_seconds',
      'The latest an alarm rang since the start.',
      lateness.maxMs / 1_000,
    ),
    gauge(
      'aloft_router_lateness_last_minute_max_seconds',
      'The same, in the last minute.',
      lateness.lastMinuteMaxMs / 1_000,
    ),
    gauge('aloft_router_lateness_p99_seconds', 'What 99 of 100 alarms stayed below.', lateness.p99Ms / 1_000),
    counter(
      'aloft_router_stalls_total',
      'Times the router did not run for longer than its peers wait.',
      stalls.count,
    ),
    gauge('aloft_router_longest_stall_seconds', 'The longest of them.', stalls.longestMs / 1_000),
    counter(
      'aloft_router_input_errors_total',
      'Datagrams dropped because handling them failed.',
      inputErrors,
    ),
    counter('aloft_journal_lost_total', 'Observations that found no room.', journal.lost),
    labelled(
      'aloft_discards_total',
      'Advertisements discarded, by reason.',
      'counter',
      discards.map(({ interface: interfaceName, reason, count }) => ({
        labels: { interface: interfaceName, reason },
        value: count,
      })),
    ),
    labelled(
      'aloft_lan_findings_total',
      'What is not as it should be on the LAN, by kind.',
      'counter',
      sumOf(findings),
    ),
  ]
}

/** Sources are not labels: whoever is on the LAN could make as many series as there are addresses. */
function sumOf(findings: RouterStatus['findings']): readonly Sample[] {
  const sums = new Map<string, { labels: Readonly<Record<string, string>>; value: number }>()
  for (const { finding, interface: interfaceName, virtualRouter, count } of findings) {
    const labels = { interface: interfaceName, finding, virtual_router: virtualRouter ?? '' }
    const key = JSON.stringify(labels)
    sums.set(key, { labels, value: (sums.get(key)?.value ?? 0) + count })
  }
  return [...sums.values()]
}

function virtualRouterFigures(routers: readonly RouterEntry[]): readonly Figure[] {
  const perRouter = (
    name: string,
    help: string,
    type: Figure['type'],
    value: (router: RouterEntry) => number,
  ): Figure =>
    labelled(
      name,
      help,
      type,
      routers.map((router) => ({ labels: labelsOf(router), value: value(router) })),
    )
  return [
    labelled(
      'aloft_virtual_router_role',
      'One for the role the virtual router is in.',
      'gauge',
      routers.flatMap((router) =>
        ROLES.map((role) => ({ labels: { ...labelsOf(router), role }, value: Number(router.role === role) })),
      ),
    ),
    perRouter('aloft_virtual_router_priority', 'Its priority.', 'gauge', ({ priority }) => priority),
    perRouter(
      'aloft_virtual_router_advertisements_sent_total',
      'Advertisements sent.',
      'counter',
      ({ counters }) => counters.advertisementsSent,
    ),
    perRouter(
      'aloft_virtual_router_advertisements_received_total',
      'Advertisements accepted.',
      'counter',
      ({ counters }) => counters.advertisementsReceived,
    ),
    perRouter(
      'aloft_virtual_router_send_errors_total',
      'Advertisements that could not be sent.',
      'counter',
      ({ counters }) => counters.sendErrors,
    ),
    perRouter(
      'aloft_virtual_router_became_active_total',
      'Times it became active.',
      'counter',
      ({ counters }) => counters.becameActive,
    ),
  ]
}

function labelsOf({ virtualRouter, vrid, family, interface: interfaceName }: RouterEntry) {
  return { virtual_router: virtualRouter, vrid: String(vrid), family, interface: interfaceName }
}

function labelled(name: string, help: string, type: Figure['type'], samples: readonly Sample[]): Figure {
  return { name, help, type, samples }
}
