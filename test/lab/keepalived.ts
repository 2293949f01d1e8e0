/** A live keepalived in a namespace: the peer we interoperate with and are measured against. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { spawnIn } from '../../agent/src/linux/namespace.ts'

export interface KeepalivedRouter {
  readonly name: string
  readonly vrid: number
  readonly version: 2 | 3
  readonly priority: number
  readonly intervalMs: number
  readonly addresses: readonly string[]
  readonly password?: string
  readonly preempt?: boolean
  /** How the password is used; `PASS` when left out. */
  readonly authentication?: 'PASS' | 'AH'
  /** Further lines of its instance. */
  readonly more?: readonly string[]
}

export type KeepalivedState = 'INIT' | 'BACKUP' | 'MASTER' | 'FAULT'

export interface Keepalived {
  readonly pid: number
  /** What it last said it entered. */
  state(router?: string): KeepalivedState
  log(): string
  /** SIGTERM, then wait until it is gone. */
  stop(): Promise<void>
  kill(): Promise<void>
  /** Ends all of it at once, so that nothing of it can say goodbye. */
  crash(): Promise<void>
}

export interface KeepalivedOptions {
  readonly namespace: string
  readonly routers: readonly KeepalivedRouter[]
  /** Names of its sync groups, each with its members. */
  readonly syncGroups?: Readonly<Record<string, readonly string[]>>
  /** SCHED_RR priority of its VRRP process; none by default, as it ships. */
  readonly realtimePriority?: number
  /** More lines of `global_defs`. */
  readonly globals?: readonly string[]
}

export function startKeepalived(options: KeepalivedOptions): Keepalived {
  const { namespace, routers } = options
  const folder = mkdtempSync(path.join(os.tmpdir(), 'aloft-keepalived-'))
  const file = path.join(folder, 'keepalived.conf')
  writeFileSync(file, configText(options))
  const pids = ['-p', `${folder}/parent.pid`, '-r', `${folder}/vrrp.pid`, '-c', `${folder}/check.pid`]
  const child = spawnIn(namespace, ['keepalived', '--vrrp', '-n', '-l', '-D', '-f', file, ...pids], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  if (child.pid === undefined) throw new Error('keepalived did not start')
  let log = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk) => {
      log += String(chunk)
    })
  }
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    child.kill(signal)
    await gone
    rmSync(folder, { recursive: true, force: true })
  }
  return {
    pid: child.pid,
    state: (router = routers[0]?.name) => lastState(log, router ?? ''),
    log: () => log,
    stop: () => end('SIGTERM'),
    kill: () => end('SIGKILL'),
    crash: async () => {
      // Stopped first: it would have its child resign, or start another.
      child.kill('SIGSTOP')
      process.kill(Number(readFileSync(`${folder}/vrrp.pid`, 'utf8')), 'SIGKILL')
      await end('SIGKILL')
    },
  }
}

function lastState(log: string, router: string): KeepalivedState {
  const entered = [...log.matchAll(/\(([^)]+)\) Entering (BACKUP|MASTER|FAULT) STATE/g)].filter(
    ([, name]) => name === router,
  )
  return (entered.at(-1)?.[2] as KeepalivedState | undefined) ?? 'INIT'
}

function configText({ routers, realtimePriority, syncGroups = {}, globals = [] }: KeepalivedOptions): string {
  // Its default limit of 10 ms of real-time CPU kills it now and then while it takes over; a fair peer stays alive.
  const realtime =
    realtimePriority === undefined
      ? ''
      : `  vrrp_rt_priority ${realtimePriority}\n  vrrp_rlimit_rttime 1000000\n`
  const groups = Object.entries(syncGroups).map(
    ([name, members]) => `vrrp_sync_group ${name} {\n  group {\n    ${members.join('\n    ')}\n  }\n}\n`,
  )
  const more = globals.map((line) => `  ${line}\n`).join('')
  return `global_defs {\n  router_id peer\n  script_user nobody\n${realtime}${more}}\n${groups.join('')}${routers.map(instanceText).join('\n')}`
}

function instanceText(router: KeepalivedRouter): string {
  const lines = [
    'state BACKUP',
    'interface eth0',
    `virtual_router_id ${router.vrid}`,
    `version ${router.version}`,
    `priority ${router.priority}`,
    `advert_int ${router.intervalMs / 1000}`,
    ...(router.preempt === false ? ['nopreempt'] : []),
    ...(router.password === undefined
      ? []
      : [
          'authentication {',
          `auth_type ${router.authentication ?? 'PASS'}`,
          `auth_pass ${router.password}`,
          '}',
        ]),
    ...(router.more ?? []),
    'virtual_ipaddress {',
    ...router.addresses,
    '}',
  ]
  return `vrrp_instance ${router.name} {\n${lines.map((line) => `  ${line}`).join('\n')}\n}\n`
}
