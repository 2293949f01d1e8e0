import { once } from 'node:events'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import net from 'node:net'
import { createAdaptorServer } from '@hono/node-server'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { limitedServer, SERVER_LIMITS } from './server-limits.ts'

let server: Server
let port = 0
beforeAll(async () => {
  server = createAdaptorServer({
    fetch: async (request) => new Response(await request.text()),
    serverOptions: limitedServer({ headersMs: 300, requestMs: 900, idleMs: 600 }),
  }) as Server
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  port = (server.address() as AddressInfo).port
})
afterAll(() => {
  server.closeAllConnections()
  server.close()
})

/** What came until the server closed the connection, and after how long. */
async function until(
  send: (socket: net.Socket) => void,
): Promise<{ readonly text: string; readonly ms: number }> {
  const socket = net.connect(port, '127.0.0.1')
  await once(socket, 'connect')
  const beganMs = performance.now()
  let text = ''
  socket.on('data', (chunk) => {
    text += chunk.toString()
  })
  socket.on('error', () => {})
  send(socket)
  await once(socket, 'close')
  return { text, ms: performance.now() - beganMs }
}

/** A byte now and then, for as long as it is let. */
function drip(socket: net.Socket, text: string, everyMs: number): void {
  let at = 0
  const timer = setInterval(() => socket.write(text.charAt(at++ % text.length)), everyMs)
  socket.on('close', () => clearInterval(timer))
}

describe('a connection', () => {
  it('that sends its headers a byte at a time is cut off', async () => {
    const { text, ms } = await until((socket) =>
      drip(socket, `GET / HTTP/1.1\r\nhost: x\r\nx-a: ${'a'.repeat(9_999)}`, 40),
    )
    expect(text).toMatch(/^HTTP\/1\.1 408 /)
    expect(ms).toBeLessThan(3_000)
  })

  it('that sends its body a byte at a time is cut off', async () => {
    const { text, ms } = await until((socket) => {
      socket.write('POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 5000\r\n\r\n')
      drip(socket, 'b', 40)
    })
    expect(text).toMatch(/^HTTP\/1\.1 408 /)
    expect(ms).toBeLessThan(4_000)
  })

  it('that says nothing at all is closed', async () => {
    expect((await until(() => {})).ms).toBeLessThan(4_000)
  })

  it('that sends too many headers is refused', async () => {
    const { text } = await until((socket) =>
      socket.write(`GET / HTTP/1.1\r\nhost: x\r\nx-a: ${'a'.repeat(20_000)}\r\n\r\n`),
    )
    expect(text).toMatch(/^HTTP\/1\.1 431 /)
  })

  it('that is quick is served, and again on the same connection, until it is idle', async () => {
    const request = 'POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\nhi'
    const { text } = await until((socket) => {
      socket.write(request)
      setTimeout(() => socket.write(request), 200)
    })
    expect(text.match(/HTTP\/1\.1 200 OK/g)).toHaveLength(2)
  })

  it('is not cut off by those who have to wait: what is usual leaves seconds for all of that', () => {
    const { headersTimeout = 0, requestTimeout = 0, keepAliveTimeout = 0 } = limitedServer(SERVER_LIMITS)
    expect([headersTimeout >= 5_000, requestTimeout >= headersTimeout, keepAliveTimeout > 60_000]).toEqual([
      true,
      true,
      true,
    ])
  })
})
