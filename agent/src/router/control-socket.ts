/** `STATE/router.sock`: who is connected, and what do they say? Nothing a client does may hurt the election. */
import { chmodSync, rmSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import type { RouterMessage, StewardMessage } from './contract.ts'
import { LineReader, parseMessage } from './json-lines.ts'

/** A configuration of 255 routers on many interfaces is well under 1 MiB. */
const LINE_BYTES_MAX = 4 * 1024 * 1024
const CLIENTS_MAX = 32
/** A client that does not read what it asked for is dropped before it fills our memory. */
const UNREAD_BYTES_MAX = 8 * 1024 * 1024

export interface Client {
  send(message: RouterMessage): void
}

export interface ControlHandlers {
  opened(client: Client): void
  message(client: Client, message: StewardMessage): void
  closed(client: Client): void
}

export interface ControlSocket {
  close(): void
}

/**
 * Listens on `path`, removing a file left there by a dead router (the caller holds the state directory's lock).
 * Rejects when the path cannot be listened on.
 */
export async function openControlSocket(path: string, handlers: ControlHandlers): Promise<ControlSocket> {
  rmSync(path, { force: true })
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    if (sockets.size >= CLIENTS_MAX) {
      socket.destroy()
      return
    }
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    serve(socket, handlers)
  })
  await listen(server, path)
  chmodSync(path, 0o600)
  return {
    close() {
      server.close()
      for (const socket of sockets) socket.end()
    },
  }
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(path, () => {
      server.off('error', reject)
      // An accept that fails (no descriptors left) is the client's loss, not ours.
      server.on('error', () => {})
      resolve()
    })
  })
}

function serve(socket: Socket, handlers: ControlHandlers): void {
  const client: Client = {
    send(message) {
      if (socket.destroyed) return
      socket.write(`${JSON.stringify(message)}\n`)
      if (socket.writableLength > UNREAD_BYTES_MAX) socket.destroy()
    },
  }
  const reader = new LineReader(LINE_BYTES_MAX)
  socket.on('data', (chunk: Buffer) => {
    for (const result of reader.push(chunk)) {
      if (!('line' in result)) {
        client.send({ kind: 'refused', error: `line longer than ${LINE_BYTES_MAX} bytes` })
        socket.destroySoon()
        return
      }
      const message = parseMessage(result.line)
      if (message === null) client.send({ kind: 'refused', error: 'not a JSON object with a kind' })
      // The socket is 0600 and its only writers are built from contract.ts; unknown kinds are refused by the handler.
      else handlers.message(client, message as StewardMessage)
    }
  })
  socket.on('error', () => {})
  socket.on('close', () => handlers.closed(client))
  handlers.opened(client)
}
