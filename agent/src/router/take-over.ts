/** The successor's side of a hand-over: asks the router that runs, over its own control socket. */
import { createConnection } from 'node:net'
import type { RouterMessage, StewardMessage } from './contract.ts'
import { LineReader, parseMessage } from './json-lines.ts'
import type { HandedOver } from './loop/handed-over.ts'

const LINE_BYTES_MAX = 64 * 1024 * 1024
const WITHIN_MS = 10_000

/** Rejects when the router does not hand over: it goes on then, and whoever asked has nothing to do. */
export function takeOver(socketPath: string): Promise<HandedOver> {
  return new Promise((resolve, reject) => {
    const socket = createConnection(socketPath)
    const reader = new LineReader(LINE_BYTES_MAX)
    const fail = (why: string) => {
      socket.destroy()
      reject(new Error(`the running router did not hand over: ${why}`))
    }
    socket.setTimeout(WITHIN_MS, () => fail('it does not answer'))
    socket.once('error', (error) => fail(error.message))
    socket.once('close', () => fail('it closed the connection'))
    socket.once('connect', () => {
      const message: StewardMessage = { kind: 'take-over', pid: process.pid }
      socket.write(`${JSON.stringify(message)}\n`)
    })
    socket.on('data', (chunk: Buffer) => {
      for (const result of reader.push(chunk)) {
        // Written by the router from contract.ts.
        const message = 'line' in result ? (parseMessage(result.line) as RouterMessage | null) : null
        if (message?.kind === 'refused') fail(message.error)
        if (message?.kind !== 'handed-over') continue
        resolve(message.handed)
        socket.destroy()
      }
    })
  })
}
