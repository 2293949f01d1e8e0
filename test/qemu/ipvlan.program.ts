/** In the guest: two agents with ipvlans on a LAN, through all that may happen to them. Observed, and judged outside. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { createLan, ip, type Lan } from '../../agent/src/linux/namespace.ts'
import { type LabAgent, startAgent, untilRole } from '../lab/agent.ts'
import { watchFrames, whoAnswers } from '../lab/lan-client.ts'
import { until } from '../lab/wait.ts'
import { type Observe, reporting } from './guest-report.ts'

/** Of the guest's time: a busy host does not make it shorter. */
const PATIENCE_MS = 20_000
const VIP = '192.0.2.100'
const VIP6 = 'fe80::100'

const HOSTS = {
  one: { priority: 200, more: `ipvlan: true, addresses: [${VIP}/24, "${VIP6}/64"]` },
  two: {
    priority: 100,
    more: `ipvlan: { name: front, address: 192.0.2.12/24 }, addresses: [${VIP}/24, "${VIP6}/64"]`,
  },
}
type Host = keyof typeof HOSTS

function start(lan: Lan, host: Host, stateDir: string): LabAgent {
  const { priority, more } = HOSTS[host]
  const router = `{ name: web, interface: eth0, vrid: 51, priority: ${priority}, ${more} }`
  const config = `node: ${host}\nvirtualRouters:\n  - ${router}\n`
  return startAgent({ namespace: lan.namespaceOf(host), config, stateDir })
}

/** Of both families. */
async function untilBoth(agent: LabAgent, role: string): Promise<void> {
  const roles = async () => (await agent.routerStatus()).virtualRouters.map((each) => each.role).join()
  const what = `both families to be ${role}: ${agent.log()}`
  await until(async () => (await roles()) === `${role},${role}`, {
    what,
    withinMs: PATIENCE_MS,
    everyMs: 200,
  })
}

/** Each ipvlan of a host: its kind, its mode, whether it is up, and its addresses. */
async function devices(lan: Lan, host: Host) {
  const namespace = lan.namespaceOf(host)
  const links = JSON.parse(await ip('-j', '-d', '-n', namespace, 'addr', 'show'))
  const [{ address: mac }] = links.filter((each: { ifname: string }) => each.ifname === 'eth0')
  return links.flatMap((each: ShownLink) => {
    if (each.linkinfo?.info_kind === undefined || each.ifname === 'eth0') return []
    const { info_kind: kind, info_data: data } = each.linkinfo
    const addresses = each.addr_info.map(({ local, prefixlen }) => `${local}/${prefixlen}`)
    const hasMacOfInterface = each.address === mac
    return [
      { name: each.ifname, kind, mode: data, isUp: each.flags.includes('UP'), hasMacOfInterface, addresses },
    ]
  })
}
interface ShownLink {
  readonly ifname: string
  readonly address: string
  readonly flags: readonly string[]
  readonly linkinfo?: { readonly info_kind?: string; readonly info_data?: unknown }
  readonly addr_info: readonly { readonly local: string; readonly prefixlen: number }[]
}

async function indexOf(lan: Lan, host: Host, name: string): Promise<number> {
  const [link] = JSON.parse(await ip('-j', '-n', lan.namespaceOf(host), 'link', 'show', name))
  return link.ifindex
}

/** The host whose interface answers for an address; null: nobody does. */
async function answers(lan: Lan, address: string): Promise<Host | null> {
  const mac = await whoAnswers(lan.switchNamespace, address)
  for (const host of ['one', 'two'] as const) {
    const [eth0] = JSON.parse(await ip('-j', '-n', lan.namespaceOf(host), 'link', 'show', 'eth0'))
    if (eth0.address === mac) return host
  }
  return null
}

/** Whether a client's packets come back: the address answers, and not only to ARP. */
function isReachable(lan: Lan): boolean {
  const ping = ['busybox', 'ping', '-c', '1', '-W', '3', VIP]
  try {
    execFileSync('ip', ['netns', 'exec', lan.switchNamespace, ...ping], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

function remembered(stateDir: string): unknown {
  return JSON.parse(readFileSync(path.join(stateDir, 'host-changes.json'), 'utf8')).links
}

const settingsOf = (lan: Lan, host: Host) =>
  execFileSync('ip', ['netns', 'exec', lan.namespaceOf(host), 'busybox', 'sysctl', '-n', ...SETTINGS], {
    encoding: 'utf8',
  })
const SETTINGS = [
  'net.ipv4.conf.all.rp_filter',
  'net.ipv4.conf.eth0.arp_ignore',
  'net.ipv4.conf.eth0.rp_filter',
]

/** Advertisements as they are on the wire, one a line: who speaks to whom. */
async function advertisements(lan: Lan): Promise<readonly string[]> {
  const frames = await watchFrames(lan.switchNamespace, 'ip proto 112 or ip6 proto 112')
  const count = () => frames.lines().filter((line) => line.includes('vrid 51')).length
  await until(() => count() >= 4, { what: 'advertisements', withinMs: PATIENCE_MS })
  await frames.stop()
  return frames.lines()
}

await reporting(async (observe) => {
  const lan = await createLan(
    'q',
    [
      { name: 'one', addresses: ['192.0.2.1/24'] },
      { name: 'two', addresses: ['192.0.2.2/24'] },
    ],
    '192.0.2.254/24',
  )
  const states = mkdtempSync(path.join(os.tmpdir(), 'states-'))
  const stateOf = (host: Host) => path.join(states, host)
  execFileSync('ip', [
    'netns',
    'exec',
    lan.namespaceOf('one'),
    'busybox',
    'sysctl',
    '-qw',
    'net.ipv4.conf.all.rp_filter=1',
  ])
  const settingsBefore = settingsOf(lan, 'one')

  const one = start(lan, 'one', stateOf('one'))
  await untilRole(one, 'web', 'fault', PATIENCE_MS)
  observe(
    'without the module',
    (await one.routerStatus()).virtualRouters.map(({ faults }) => faults),
  )
  execFileSync('busybox', ['insmod', '/modules/ipvlan.ko'])
  await untilBoth(one, 'active')
  observe(
    'once it is loaded',
    (await one.routerStatus()).virtualRouters.map(({ role }) => role),
  )
  observe('the devices of the active', await devices(lan, 'one'))
  observe('what is remembered', remembered(stateOf('one')))
  observe('the settings of the host, before', settingsBefore)
  observe('the settings of the host, while it runs', settingsOf(lan, 'one'))

  const two = start(lan, 'two', stateOf('two'))
  await untilBoth(two, 'backup')
  const heard = async (agent: LabAgent, from: string | undefined) =>
    (await agent.routerStatus()).virtualRouters[0]?.active?.address === from
  await until(() => heard(two, '192.0.2.1'), { what: 'the active to be heard', withinMs: PATIENCE_MS })
  observe('the devices of the backup', await devices(lan, 'two'))
  observe('who answers', [await answers(lan, VIP), await answers(lan, VIP6), isReachable(lan)])
  observe('on the wire', await advertisements(lan))

  await restartOfTheRouter(lan, one, observe)
  await failovers(lan, { one, two, stateOf }, observe)
  observe('the settings of the host, afterwards', settingsOf(lan, 'one'))
})

/** The router process is killed: its successor goes on as active, with the same device. */
async function restartOfTheRouter(lan: Lan, one: LabAgent, observe: Observe): Promise<void> {
  const before = await indexOf(lan, 'one', 'vrrp.51')
  const pid = one.pidOf('router')
  one.killProcess('router')
  await until(() => one.pidOf('router') !== pid, { what: 'another router', withinMs: PATIENCE_MS })
  await untilBoth(one, 'active')
  observe('after a restart of the router', {
    isSameDevice: (await indexOf(lan, 'one', 'vrrp.51')) === before,
    isReachable: isReachable(lan),
  })
}

interface Agents {
  readonly one: LabAgent
  readonly two: LabAgent
  stateOf(host: Host): string
}

async function failovers(lan: Lan, { one, two, stateOf }: Agents, observe: Observe): Promise<void> {
  await lan.setCable('one', false)
  await untilBoth(two, 'active')
  observe('link cut', [await answers(lan, VIP), isReachable(lan), await devices(lan, 'two')])
  observe('on the wire, from the other', await advertisements(lan))
  await lan.setCable('one', true)
  await untilBoth(one, 'active')
  await untilBoth(two, 'backup')
  observe('link back', [await answers(lan, VIP), isReachable(lan)])

  await one.kill()
  await untilBoth(two, 'active')
  observe('agent killed', [await answers(lan, VIP), isReachable(lan)])
  observe('devices that outlive it', await devices(lan, 'one'))
  const again = start(lan, 'one', stateOf('one'))
  await untilBoth(again, 'active')
  observe('agent started again', [await answers(lan, VIP), isReachable(lan)])

  await again.stop()
  observe('devices after a stop', await devices(lan, 'one'))
  observe('remembered after a stop', remembered(stateOf('one')))
  await two.stop()
  observe('devices after both have stopped', await devices(lan, 'two'))
}
