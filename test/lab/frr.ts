/**
 * FRR's vrrpd in a namespace, with the zebra it needs and the macvlan that stands for its virtual router. Everything of
 * it is in a folder of its own, owned by the account it runs as.
 */
import { type ChildProcess, execFile, execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { ip, spawnIn } from '../../agent/src/linux/namespace.ts'
import { until } from './wait.ts'

const run = promisify(execFile)

export interface FrrRouter {
  readonly vrid: number
  readonly version: 2 | 3
  readonly priority: number
  readonly intervalMs: number
  readonly address: string
  readonly preempt: boolean
}

export interface Frr {
  /**
   * `status`: `Initialize`, `Backup` or `Master`. `canSpeak`: it has an address to advertise from; a Master without one
   * sends nothing, and yields to whomever it hears.
   */
  state(): Promise<{ readonly status: string; readonly canSpeak: boolean }>
  log(): string
  /** SIGTERM, then wait until it is gone. */
  stop(): Promise<void>
  crash(): Promise<void>
}

/** As our router is, where it is allowed: an election between one that runs and one that waits for the CPU tells nothing. */
const REALTIME = spawnSync('chrt', ['--rr', '1', 'true']).status === 0 ? ['chrt', '--rr', '1'] : []

export async function startFrr(namespace: string, router: FrrRouter): Promise<Frr> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'aloft-frr-'))
  writeFileSync(path.join(folder, 'zebra.conf'), 'hostname peer\n')
  writeFileSync(path.join(folder, 'vrrpd.conf'), configText(router))
  execFileSync('chown', ['-R', 'frr:frr', folder])
  chmodSync(folder, 0o755)
  await makeVirtualLink(namespace, router)
  let log = ''
  const start = (daemon: string): ChildProcess => {
    const file = (name: string) => path.join(folder, name)
    const args = ['-f', file(`${daemon}.conf`), '-i', file(`${daemon}.pid`), '-z', file('zserv.api')]
    const command = [`/usr/lib/frr/${daemon}`, ...args, '--vty_socket', folder, '-P', '0', '--log', 'stdout']
    const child = spawnIn(namespace, [...REALTIME, ...command], { stdio: ['ignore', 'pipe', 'pipe'] })
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (chunk) => {
        log += String(chunk)
      })
    }
    return child
  }
  const ask = async (command: string) => (await run('vtysh', ['--vty_socket', folder, '-c', command])).stdout
  const zebra = start('zebra')
  await until(async () => (await ask('show version').catch(() => '')).includes('FRRouting'), {
    what: `zebra to answer; it says:\n${log}`,
    withinMs: 10_000,
    everyMs: 100,
  })
  const vrrpd = start('vrrpd')
  const end = async (signal: NodeJS.Signals) => {
    await ended(vrrpd, signal)
    await ended(zebra, 'SIGKILL')
    rmSync(folder, { recursive: true, force: true })
  }
  return {
    async state() {
      const [shown] = JSON.parse((await ask('show vrrp json').catch(() => '[]')) || '[]')
      const { status = 'Initialize', primaryAddress = '' } = shown?.[familyOf(router)] ?? {}
      return { status, canSpeak: !['', '::', '0.0.0.0'].includes(primaryAddress) }
    },
    log: () => log,
    stop: () => end('SIGTERM'),
    crash: () => end('SIGKILL'),
  }
}

function familyOf({ address }: FrrRouter): 'v4' | 'v6' {
  return address.includes(':') ? 'v6' : 'v4'
}

/** FRR takes the link by its MAC address: the virtual one of RFC 9568 §7.3. It takes it up and down by protodown. */
async function makeVirtualLink(namespace: string, router: FrrRouter): Promise<void> {
  const family = familyOf(router)
  const name = `vrrp${family === 'v4' ? 4 : 6}-${router.vrid}`
  const mac = `00:00:5e:00:0${family === 'v4' ? 1 : 2}:${router.vrid.toString(16).padStart(2, '0')}`
  if ((await ip('-n', namespace, 'link', 'show')).includes(` ${name}@`)) return
  await ip('-n', namespace, 'link', 'add', name, 'link', 'eth0', 'type', 'macvlan', 'mode', 'bridge')
  await ip('-n', namespace, 'link', 'set', 'dev', name, 'address', mac)
  await ip('-n', namespace, 'addr', 'add', `${router.address}/${family === 'v4' ? 24 : 64}`, 'dev', name)
  await ip('-n', namespace, 'link', 'set', name, 'up')
}

function configText({ vrid, version, priority, intervalMs, address, preempt }: FrrRouter): string {
  return [
    'interface eth0',
    ` vrrp ${vrid} version ${version}`,
    ` vrrp ${vrid} priority ${priority}`,
    ` vrrp ${vrid} advertisement-interval ${intervalMs}`,
    ...(preempt ? [] : [` no vrrp ${vrid} preempt`]),
    ` vrrp ${vrid} ${address.includes(':') ? 'ipv6' : 'ip'} ${address}`,
    '',
  ].join('\n')
}

function ended(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) return resolve()
    child.once('exit', () => resolve())
    child.kill(signal)
  })
}
