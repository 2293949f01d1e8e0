/** What a host on the LAN sees of a virtual address: who answers for it, and whether it lets packets in. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { ip, spawnIn } from '../../agent/src/linux/namespace.ts'
import { until } from './wait.ts'

export interface FrameWatch {
  /** One line a frame, as tcpdump writes them: `SOURCE > DESTINATION, ethertype …`. */
  lines(): readonly string[]
  stop(): Promise<void>
}

/**
 * Everything of a LAN that matches a filter of tcpdump's, from the moment this resolves; with a port of the switch,
 * what its host sends into it.
 */
export async function watchFrames(namespace: string, filter: string, port?: string): Promise<FrameWatch> {
  const place = port === undefined ? ['-i', 'br0'] : ['-i', port, '-Q', 'in']
  const args = ['tcpdump', '-l', '-n', '-e', '-t', '-v', '--immediate-mode', ...place, filter]
  const child = spawn('ip', ['netns', 'exec', namespace, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  let printed = ''
  let said = ''
  child.stdout.on('data', (chunk) => {
    printed += String(chunk)
  })
  child.stderr.on('data', (chunk) => {
    said += String(chunk)
  })
  await until(() => said.includes('listening on'), { what: `tcpdump to listen: ${said}`, withinMs: 10_000 })
  return {
    // What belongs to one frame goes on in lines that begin with a space.
    lines: () => printed.replaceAll(/\n\s+/g, ' ').split('\n').filter(Boolean),
    async stop() {
      if (child.exitCode !== null) return
      child.kill('SIGTERM')
      await once(child, 'exit')
    },
  }
}

/** The MAC address that answers for an address (by ARP or neighbour solicitation); null: nobody does. */
export async function whoAnswers(namespace: string, address: string): Promise<string | null> {
  await ip('-n', namespace, 'neigh', 'flush', 'to', address)
  const socket = address.includes(':') ? 'udp6' : 'udp4'
  const target = address.startsWith('fe80') ? `${address}%br0` : address
  await runIn(
    namespace,
    `require('dgram').createSocket('${socket}').send('x', 9, '${target}', () => process.exit())`,
  )
  const entry = async () => {
    const [found] = JSON.parse(await ip('-j', '-n', namespace, 'neigh', 'show', 'to', address))
    if (found?.lladdr !== undefined) return { mac: String(found.lladdr) }
    return found?.state?.includes('FAILED') ? { mac: null } : null
  }
  const { mac } = await until(entry, { what: `an answer for ${address}`, withinMs: 10_000, everyMs: 50 })
  return mac
}

/** What becomes of a TCP connection to a port where nobody listens: refused by the host, or no answer at all. */
export function knock(namespace: string, address: string): Promise<string> {
  const code = `
    const socket = require('net').connect(9, '${address}')
    const end = (said) => { console.log(said); process.exit() }
    socket.on('error', (error) => end(error.code))
    socket.on('connect', () => end('connected'))
    setTimeout(() => end('no answer'), 1000)`
  return runIn(namespace, code)
}

async function runIn(namespace: string, code: string): Promise<string> {
  const child = spawnIn(namespace, [process.execPath, '-e', code], { stdio: ['ignore', 'pipe', 'inherit'] })
  let printed = ''
  child.stdout?.on('data', (chunk) => {
    printed += String(chunk)
  })
  await once(child, 'close')
  return printed.trim()
}
