/**
 * Network namespaces joined by a bridge: a LAN with hosts on one machine, for the demo and for tests. Everything a LAN
 * makes carries its name as a prefix, so that whatever a crash leaves behind can be found and removed by name.
 *
 *   NAME-switch   bridge `br0`, one port per host (`HOST`), and the client's address on the bridge itself
 *   NAME-HOST     `eth0`, joined to the port
 *
 * Needs root (CAP_SYS_ADMIN). Works through `ip`, because none of this is on a path where time matters.
 */
import { type ChildProcess, execFile, type SpawnOptions, spawn } from 'node:child_process'
import { readdir } from 'node:fs/promises'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** Where iproute2 keeps namespaces that have names. */
const NAMESPACES = '/var/run/netns'

export interface LanHost {
  readonly name: string
  /** Addresses for eth0 with prefix length: `192.0.2.1/24`. */
  readonly addresses: readonly string[]
}

export interface Lan {
  readonly name: string
  readonly switchNamespace: string
  namespaceOf(host: string): string
  /** Pulls or plugs the host's cable: the host sees carrier go and come. */
  setCable(host: string, plugged: boolean): Promise<void>
  /** Stops a host's frames at the switch while its link stays up: nobody's carrier changes. */
  setForwarding(host: string, forwarding: boolean): Promise<void>
  remove(): Promise<void>
}

/** Runs `ip` and returns what it printed; its error text becomes the error's message. */
export async function ip(...args: readonly string[]): Promise<string> {
  try {
    return (await run('ip', [...args])).stdout
  } catch (error) {
    const said = error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : ''
    throw new Error(`ip ${args.join(' ')}: ${said || (error instanceof Error ? error.message : error)}`)
  }
}

/** Makes a LAN of hosts. On any failure it removes what it had made. */
export async function createLan(
  name: string,
  hosts: readonly LanHost[],
  clientAddress?: string,
): Promise<Lan> {
  // An interface name has 15 characters at most, and hosts name their ports.
  const tooLong = hosts.find((host) => host.name.length > 15)
  if (tooLong) throw new RangeError(`host name ${tooLong.name} is longer than an interface name may be`)
  const lan = describeLan(name)
  try {
    await makeSwitch(lan.switchNamespace, clientAddress)
    for (const host of hosts) await makeHost(lan, host)
  } catch (error) {
    await lan.remove()
    throw error
  }
  return lan
}

function describeLan(name: string): Lan {
  const switchNamespace = `${name}-switch`
  return {
    name,
    switchNamespace,
    namespaceOf: (host) => `${name}-${host}`,
    async setCable(host, plugged) {
      await ip('-n', switchNamespace, 'link', 'set', 'dev', host, plugged ? 'up' : 'down')
    },
    async setForwarding(host, forwarding) {
      // A port that is no member of the bridge stays up, and nothing passes.
      const change = forwarding ? ['master', 'br0'] : ['nomaster']
      await ip('-n', switchNamespace, 'link', 'set', 'dev', host, ...change)
    },
    remove: () => removeNamespaces(`${name}-`),
  }
}

async function makeSwitch(namespace: string, clientAddress: string | undefined): Promise<void> {
  await ip('netns', 'add', namespace)
  await quietIpv6(namespace)
  await ip('-n', namespace, 'link', 'set', 'lo', 'up')
  // Snooping would drop the VRRP group until somebody queries; no spanning tree, so a port forwards at once.
  await ip(
    '-n',
    namespace,
    'link',
    'add',
    'br0',
    'type',
    'bridge',
    'mcast_snooping',
    '0',
    'forward_delay',
    '0',
  )
  if (clientAddress !== undefined) await ip('-n', namespace, 'addr', 'add', clientAddress, 'dev', 'br0')
  await ip('-n', namespace, 'link', 'set', 'br0', 'up')
}

async function makeHost(lan: Lan, host: LanHost): Promise<void> {
  const namespace = lan.namespaceOf(host.name)
  await ip('netns', 'add', namespace)
  await quietIpv6(namespace)
  await ip('-n', namespace, 'link', 'set', 'lo', 'up')
  const peer = ['peer', 'name', 'eth0', 'netns', namespace]
  await ip('-n', lan.switchNamespace, 'link', 'add', 'name', host.name, 'type', 'veth', ...peer)
  await ip('-n', lan.switchNamespace, 'link', 'set', 'dev', host.name, 'master', 'br0', 'up')
  for (const address of host.addresses) await ip('-n', namespace, 'addr', 'add', address, 'dev', 'eth0')
  await ip('-n', namespace, 'link', 'set', 'eth0', 'up')
}

/** Duplicate address detection would delay IPv6 addresses by a second; nobody else can be on these LANs. */
async function quietIpv6(namespace: string): Promise<void> {
  await run('ip', ['netns', 'exec', namespace, 'sysctl', '-qw', 'net.ipv6.conf.default.accept_dad=0']).catch(
    () => {
      // A kernel without IPv6 has nothing to quieten.
    },
  )
}

/** Names of the namespaces that begin with a prefix. */
export async function namespacesNamed(prefix: string): Promise<string[]> {
  const names = await readdir(NAMESPACES).catch(() => [])
  return names.filter((name) => name.startsWith(prefix))
}

/** Removes every namespace whose name begins with the prefix, with the interfaces in it. Processes must be gone. */
export async function removeNamespaces(prefix: string): Promise<void> {
  for (const name of await namespacesNamed(prefix)) await ip('netns', 'del', name)
}

/** Ids of the processes that run inside a namespace. */
export async function processesIn(namespace: string): Promise<number[]> {
  const printed = await ip('netns', 'pids', namespace)
  return printed.split('\n').filter(Boolean).map(Number)
}

/** Starts a program inside a namespace. `ip netns exec` replaces itself by it, so the child's pid is the program's. */
export function spawnIn(
  namespace: string,
  command: readonly string[],
  options: SpawnOptions = {},
): ChildProcess {
  return spawn('ip', ['netns', 'exec', namespace, ...command], options)
}
