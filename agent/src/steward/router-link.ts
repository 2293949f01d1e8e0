/** One conversation with the router process over `STATE/router.sock`, from the steward's or `aloft status`'s side. */
import { createConnection, type Socket } from 'node:net'
import type { RouterMessage, RouterStatus, StewardMessage } from '../router/contract.ts'
import { LineReader, parseMessage } from '../router/json-lines.ts'

const LINE_BYTES_MAX = 64 * 1024 * 1024
const STATUS_WITHIN_MS = 2_000

/** Null: nobody listens there. */
export function connectToRouter(path: string): Promise<RouterConnection | null> {
  return new Promise((resolve) => {
    const socket = createConnection(path)
    socket.once('error', () => resolve(null))
    socket.once('connect', () => resolve(new RouterConnection(socket)))
  })
}

export class RouterConnection {
  readonly #socket: Socket
  readonly #waiting = new Map<number, (status: RouterStatus | null) => void>()
  readonly #early: RouterMessage[] = []
  #listener: ((message: RouterMessage) => void) | null = null
  #nextId = 1
  /** Resolves when the socket is closed, by whichever side. */
  readonly closed: Promise<void>

  constructor(socket: Socket) {
    this.#socket = socket
    const reader = new LineReader(LINE_BYTES_MAX)
    socket.on('data', (chunk: Buffer) => {
      for (const result of reader.push(chunk)) {
        if (!('line' in result)) socket.destroy()
        else this.#receive(result.line)
      }
    })
    socket.on('error', () => {})
    this.closed = new Promise((resolve) => {
      socket.once('close', () => {
        for (const settle of this.#waiting.values()) settle(null)
        this.#waiting.clear()
        resolve()
      })
    })
  }

  /** Everything the router says except answers to `status`, what came before this call included. */
  listen(listener: (message: RouterMessage) => void): void {
    this.#listener = listener
    for (const message of this.#early.splice(0)) listener(message)
  }

  send(message: StewardMessage): void {
    if (!this.#socket.destroyed) this.#socket.write(`${JSON.stringify(message)}\n`)
  }

  /** Null: the router did not answer in time, or the socket closed. */
  status(withinMs = STATUS_WITHIN_MS): Promise<RouterStatus | null> {
    const id = this.#nextId++
    return new Promise((resolve) => {
      if (this.#socket.destroyed) {
        resolve(null)
        return
      }
      const settle = (status: RouterStatus | null) => {
        clearTimeout(timer)
        this.#waiting.delete(id)
        resolve(status)
      }
      const timer = setTimeout(() => settle(null), withinMs)
      this.#waiting.set(id, settle)
      this.send({ kind: 'status', id })
    })
  }

  close(): void {
    this.#socket.end()
  }

  #receive(line: string): void {
    // Built by the router from contract.ts; a line that is no message at all is a router's bug and ignored here.
    const message = parseMessage(line) as RouterMessage | null
    if (message === null) return
    if (message.kind === 'status') this.#waiting.get(message.id)?.(message.status)
    else if (this.#listener) this.#listener(message)
    else this.#early.push(message)
  }
}
