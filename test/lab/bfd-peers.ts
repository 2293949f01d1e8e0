/** BFD as others speak it: FRR's bfdd and keepalived's bfd_instance, each in a namespace and a folder of its own. */
import { type ChildProcess, execFile, execFileSync, type SpawnOptions } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { spawnIn } from '../../agent/src/linux/namespace.ts'
import { until } from './wait.ts'

const run = promisify(execFile)

export interface PeerSession {
  readonly namespace: string
  /** Its own address, and ours. */
  readonly local: string
  readonly remote: string
  readonly intervalMs: number
  readonly multiplier: number
  readonly passive?: boolean
  readonly multihop?: boolean
}

export interface BfdPeer {
  /** Whether its session with us is up, as it sees it. */
  isUp(): Promise<boolean>
  /** How often its session has gone down: a successor of ours is back before anybody has asked twice. */
  losses(): Promise<number>
  log(): string
  /** Ends politely, where it can: its session is administratively down first. */
  disable(): Promise<void>
  crash(): Promise<void>
}

interface FrrCounters {
  readonly peer: string
  readonly 'session-down': number
}

interface FrrShown {
  readonly peer: string
  readonly status: string
  readonly 'remote-transmit-interval': number
  readonly 'remote-detect-multiplier': number
}

export interface FrrBfd extends BfdPeer {
  shown(): Promise<FrrShown | undefined>
}

export async function startFrrBfd(session: PeerSession): Promise<FrrBfd> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'aloft-bfdd-'))
  writeFileSync(path.join(folder, 'zebra.conf'), 'hostname peer\n')
  writeFileSync(path.join(folder, 'bfdd.conf'), frrConfig(session))
  execFileSync('chown', ['-R', 'frr:frr', folder])
  chmodSync(folder, 0o755)
  const said: string[] = []
  const start = (daemon: string, ...more: string[]): ChildProcess => {
    const file = (name: string) => path.join(folder, name)
    const args = ['-f', file(`${daemon}.conf`), '-i', file(`${daemon}.pid`), '-z', file('zserv.api')]
    const command = [`/usr/lib/frr/${daemon}`, ...args, '--vty_socket', folder, '-P', '0', ...more]
    return heard(spawnIn(session.namespace, [...command, '--log', 'stdout'], PIPED), said)
  }
  const ask = async (...commands: string[]) =>
    (await run('vtysh', ['--vty_socket', folder, ...commands.flatMap((each) => ['-c', each])])).stdout
  const zebra = start('zebra')
  await until(async () => (await ask('show version').catch(() => '')).includes('FRRouting'), {
    what: `zebra to answer; it says:\n${said.join('')}`,
    withinMs: 10_000,
    everyMs: 100,
  })
  const bfdd = start('bfdd', '--bfdctl', path.join(folder, 'bfdd.sock'))
  const ofPeer = async <T extends { readonly peer: string }>(command: string): Promise<T | undefined> => {
    const text = await ask(command).catch(() => '[]')
    const peers: T[] = JSON.parse(text.slice(Math.max(0, text.indexOf('['))) || '[]')
    return peers.find(({ peer }) => peer === session.remote)
  }
  const shown = () => ofPeer<FrrShown>('show bfd peers json')
  return {
    shown,
    isUp: async () => (await shown())?.status === 'up',
    losses: async () => (await ofPeer<FrrCounters>('show bfd peers counters json'))?.['session-down'] ?? 0,
    log: () => said.join(''),
    disable: async () => {
      await ask('configure terminal', 'bfd', frrPeer(session), 'shutdown')
    },
    crash: async () => {
      await ended(bfdd, 'SIGKILL')
      await ended(zebra, 'SIGKILL')
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

function frrPeer({ remote, local, multihop }: PeerSession): string {
  return multihop
    ? `peer ${remote} multihop local-address ${local}`
    : `peer ${remote} local-address ${local} interface eth0`
}

function frrConfig(session: PeerSession): string {
  const { intervalMs, multiplier, passive } = session
  return [
    'bfd',
    ` ${frrPeer(session)}`,
    `  detect-multiplier ${multiplier}`,
    `  receive-interval ${intervalMs}`,
    `  transmit-interval ${intervalMs}`,
    ...(passive ? ['  passive-mode'] : []),
    '  no shutdown',
    '',
  ].join('\n')
}

export async function startKeepalivedBfd(session: PeerSession): Promise<BfdPeer> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'aloft-kbfd-'))
  writeFileSync(path.join(folder, 'keepalived.conf'), keepalivedConfig(session))
  const said: string[] = []
  const file = (name: string) => path.join(folder, name)
  const pids = ['-p', file('parent.pid'), '-r', file('vrrp.pid'), '-b', file('bfd.pid'), '-c', file('c.pid')]
  const command = ['keepalived', '-n', '-l', '-D', '-f', file('keepalived.conf'), ...pids]
  const child = heard(spawnIn(session.namespace, command, PIPED), said)
  const states = () => [...said.join('').matchAll(/Received BFD event: instance peer is in state (\w+)/g)]
  const end = async (signal: NodeJS.Signals) => {
    const children = execFileSync('pgrep', ['-P', String(child.pid)], { encoding: 'utf8' })
      .trim()
      .split('\n')
    if (signal === 'SIGKILL') for (const pid of children) process.kill(Number(pid), 'SIGKILL')
    await ended(child, signal)
    rmSync(folder, { recursive: true, force: true })
  }
  return {
    isUp: async () => states().at(-1)?.[1] === 'Up',
    losses: async () => states().filter(([, state]) => state === 'Down').length,
    log: () => said.join(''),
    disable: () => end('SIGTERM'),
    crash: () => end('SIGKILL'),
  }
}

function keepalivedConfig({ local, remote, intervalMs, multiplier, passive }: PeerSession): string {
  return [
    'global_defs {\n  router_id peer\n  script_user nobody\n}',
    'bfd_instance peer {',
    `  neighbor_ip ${remote}`,
    `  source_ip ${local}`,
    `  min_rx ${intervalMs}`,
    `  min_tx ${intervalMs}`,
    '  idle_tx 1000',
    `  multiplier ${multiplier}`,
    ...(passive ? ['  passive'] : []),
    '}',
    // Without a follower keepalived starts no session.
    'vrrp_instance web {\n  state BACKUP\n  interface eth0\n  virtual_router_id 99\n  priority 50',
    '  virtual_ipaddress {\n    10.79.0.99/24\n  }\n  track_bfd {\n    peer weight 10\n  }\n}',
    '',
  ].join('\n')
}

const PIPED: SpawnOptions = { stdio: ['ignore', 'pipe', 'pipe'] }

function heard(child: ChildProcess, said: string[]): ChildProcess {
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => said.push(String(chunk)))
  return child
}

function ended(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) return resolve()
    child.once('exit', () => resolve())
    child.kill(signal)
  })
}
