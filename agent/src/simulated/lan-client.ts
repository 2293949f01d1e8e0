/**
 * A router process's way onto a simulated LAN served by another process: the `links` and `holdings` of its world.
 * The rest of the world (clock, alarm, journal) is the process's own, as it is with the kernel.
 */
import { connect, type Socket } from 'node:net'
import type { Holdings } from '../world/holdings.ts'
import type { LinkState, Links } from '../world/router-world.ts'
import type { HostInput } from './host.ts'
import { eachLine, type FromLan, type LeftAddress, type ToLan } from './lan-messages.ts'

/** What the LAN says once the host is attached. */
type News = Exclude<FromLan, { kind: 'attached' | 'refused' }>
type Attached = Extract<FromLan, { kind: 'attached' }>

const DOWN: LinkState = { up: false, ipv4: null, ipv6: null }

/**
 * Joins the LAN at `socketPath` as `host`. Rejects when nobody serves the path, or the LAN refuses the host. When the
 * LAN goes away later, every interface is reported down.
 */
export function attachToSimulatedLan(socketPath: string, host: string): Promise<SimulatedLanClient> {
  return new Promise((resolve, reject) => {
    const socket = connect(socketPath)
    let client: SimulatedLanClient | null = null
    socket.setEncoding('utf8')
    socket.once('connect', () =>
      socket.write(`${JSON.stringify({ kind: 'attach', host } satisfies ToLan)}\n`),
    )
    socket.on('error', reject)
    socket.on('close', () => {
      reject(new Error(`the simulated LAN at ${socketPath} closed the connection`))
      client?.lost()
    })
    const hear = (line: string) => {
      // The LAN is this very program in another process: what it writes is what its types say.
      const message = JSON.parse(line) as FromLan
      if (message.kind === 'refused') reject(new Error(message.why))
      else if (message.kind !== 'attached') client?.hear(message)
      else {
        client = new SimulatedLanClient(socket, message)
        resolve(client)
      }
    }
    socket.on('data', eachLine(hear))
  })
}

export class SimulatedLanClient {
  readonly links: Links
  readonly holdings: Holdings
  /** Virtual addresses a predecessor left on this host when it died. */
  readonly held: readonly LeftAddress[]
  readonly #socket: Socket
  readonly #states: Map<string, LinkState>
  #input: HostInput | null = null
  #early: News[] = []

  constructor(socket: Socket, attached: Attached) {
    this.#socket = socket
    this.#states = new Map(Object.entries(attached.links))
    this.held = attached.held
    this.links = {
      open: (endpoint) => this.#tell({ kind: 'open', endpoint }),
      close: (endpoint) => this.#tell({ kind: 'close', endpoint }),
      // The LAN tells of every interface of this host.
      watch: () => {},
      unwatch: () => {},
      state: (interfaceName) => this.#states.get(interfaceName) ?? null,
      send: (interfaceName, packet) => {
        const payload = Buffer.from(packet.payload).toString('hex')
        const isUp = this.#states.get(interfaceName)?.up === true && this.#socket.writable
        if (isUp) this.#tell({ kind: 'send', interfaceName, packet: { ...packet, payload } })
        return isUp
      },
    }
    this.holdings = {
      acquire: (holding) => this.#tell({ kind: 'acquire', holding }),
      release: (holding) => this.#tell({ kind: 'release', holding }),
      renew: (holdings) => this.#tell({ kind: 'renew', holdings }),
      announce: (interfaceName, addresses) => this.#tell({ kind: 'announce', interfaceName, addresses }),
    }
  }

  /** From now on, what the LAN has to tell goes to `input`; what came earlier is delivered first. */
  bind(input: HostInput): void {
    this.#input = input
    for (const news of this.#early.splice(0)) this.#pass(news, input)
  }

  /** Sends what is still queued, then closes. */
  detach(): Promise<void> {
    return new Promise((resolve) => {
      this.#input = null
      if (this.#socket.destroyed) resolve()
      this.#socket.once('close', () => resolve())
      this.#socket.end()
    })
  }

  /** For the connection: the LAN said something. */
  hear(news: News): void {
    if (news.kind === 'link') this.#states.set(news.interfaceName, news.state)
    if (this.#input) this.#pass(news, this.#input)
    else this.#early.push(news)
  }

  /** For the connection: it ended. No LAN, no link. */
  lost(): void {
    for (const interfaceName of this.#states.keys()) this.hear({ kind: 'link', interfaceName, state: DOWN })
  }

  #pass(news: News, input: HostInput): void {
    switch (news.kind) {
      case 'link':
        input.linkChanged(news.interfaceName)
        return
      case 'datagram':
        input.datagram({ ...news.datagram, payload: Buffer.from(news.datagram.payload, 'hex') })
        return
      case 'holding-failed':
        input.holdingFailed(news.failure)
        return
      case 'holding-lost':
        input.holdingLost(news.loss)
    }
  }

  #tell(message: ToLan): void {
    if (this.#socket.writable) this.#socket.write(`${JSON.stringify(message)}\n`)
  }
}
