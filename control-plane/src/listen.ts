import { once } from 'node:events'
import { existsSync, unlinkSync } from 'node:fs'
import type { Server } from 'node:http'
import net from 'node:net'

/** The address is taken or may not be used; the message says which and what to do. */
export class CannotListen extends Error {
  override readonly name = 'CannotListen'
}

/** Listens and gives the port. Throws `CannotListen`. */
export async function listenTcp(server: Server, host: string, port: number): Promise<number> {
  await listening(server, () => server.listen({ host, port }), `${host} port ${port}`, '--port')
  const address = server.address()
  return address !== null && typeof address === 'object' ? address.port : port
}

/** Listens on a unix socket, in place of one that nobody listens on any more. Throws `CannotListen`. */
export async function listenUnix(server: Server, socketPath: string): Promise<void> {
  if (existsSync(socketPath)) {
    if (await answers(socketPath)) {
      throw new CannotListen(`${socketPath} is already in use; choose another --unix-socket`)
    }
    unlinkSync(socketPath)
  }
  await listening(server, () => server.listen(socketPath), socketPath, '--unix-socket')
}

async function listening(server: Server, listen: () => void, where: string, option: string): Promise<void> {
  try {
    const opened = once(server, 'listening')
    listen()
    await opened
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : null
    const why: Readonly<Record<string, string>> = {
      EADDRINUSE: 'is already in use',
      EACCES: 'may not be used by this account',
      EADDRNOTAVAIL: 'is no address of this host',
      ENOTFOUND: 'is no address of this host',
    }
    throw new CannotListen(
      `${where} ${why[String(code)] ?? `cannot be listened on (${String(error)})`}; choose another ${option}`,
      { cause: error },
    )
  }
}

async function answers(socketPath: string): Promise<boolean> {
  const socket = net.connect(socketPath)
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}
