/** `aloft demo fail|restore|partition SITE/NODE`: asked of the running demo over its socket. */

import { chmodSync } from 'node:fs'
import { connect, createServer, type Server } from 'node:net'

export const DEMO_ACTIONS = ['fail', 'restore', 'partition'] as const
export type DemoActionName = (typeof DEMO_ACTIONS)[number]

export interface DemoRequest {
  readonly action: DemoActionName
  readonly node: string
}

/** `done` says what happened, for people; `refused` why nothing did. */
export type DemoAnswer = { readonly done: string } | { readonly refused: string }

const REQUEST_BYTES_MAX = 4_096

/** One request a connection, one line each way. */
export function serveDemoActions(
  socketPath: string,
  perform: (request: DemoRequest) => Promise<DemoAnswer>,
): Promise<Server> {
  const server = createServer((socket) => {
    let received = ''
    socket.setEncoding('utf8')
    socket.on('error', () => socket.destroy())
    socket.on('data', async (chunk) => {
      received += String(chunk)
      if (received.length > REQUEST_BYTES_MAX) socket.destroy()
      if (!received.includes('\n')) return
      const answer = await answerTo(received, perform)
      socket.end(`${JSON.stringify(answer)}\n`)
    })
  })
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(socketPath, () => {
      chmodSync(socketPath, 0o600)
      resolve(server)
    })
  })
}

async function answerTo(
  text: string,
  perform: (request: DemoRequest) => Promise<DemoAnswer>,
): Promise<DemoAnswer> {
  try {
    // Written by askDemo alone; anything else in it is refused by name below.
    const request = JSON.parse(text) as DemoRequest
    if (!DEMO_ACTIONS.includes(request.action))
      return { refused: `the demo knows ${DEMO_ACTIONS.join(', ')}` }
    return await perform(request)
  } catch (error) {
    return { refused: error instanceof Error ? error.message : String(error) }
  }
}

/** Asks the running demo. Rejects when none listens. */
export function askDemo(socketPath: string, request: DemoRequest): Promise<DemoAnswer> {
  return new Promise((resolve, reject) => {
    const socket = connect(socketPath)
    let received = ''
    socket.setEncoding('utf8')
    socket.once('connect', () => socket.write(`${JSON.stringify(request)}\n`))
    socket.once('error', reject)
    socket.on('data', (chunk) => {
      received += String(chunk)
    })
    socket.once('end', () => {
      try {
        resolve(JSON.parse(received))
      } catch {
        reject(new Error('the demo ended before it answered'))
      }
    })
  })
}
