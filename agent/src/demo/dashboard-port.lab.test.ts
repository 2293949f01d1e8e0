import { once } from 'node:events'
import { createServer, type Server } from 'node:net'
import { afterEach, expect, it } from 'vitest'
import { freeDashboardPort } from './dashboard-port.ts'

const HOST = '127.0.0.1'
const open: Server[] = []
afterEach(() => {
  for (const server of open.splice(0)) server.close()
})

async function listenOn(port: number): Promise<number> {
  const server = createServer()
  open.push(server)
  server.listen({ host: HOST, port })
  await once(server, 'listening')
  const address = server.address()
  return address !== null && typeof address === 'object' ? address.port : 0
}

it('takes the next port when the wanted one is taken, and the wanted one when it is free', async () => {
  const taken = await listenOn(0)
  const next = await freeDashboardPort(HOST, taken)
  expect(next).toBeGreaterThan(taken)
  expect(next).toBeLessThan(taken + 20)
  // It is really free, and so is the first one once its holder is gone.
  expect(await listenOn(next)).toBe(next)
  for (const server of open.splice(0)) await new Promise((resolve) => server.close(resolve))
  expect(await freeDashboardPort(HOST, taken)).toBe(taken)
})

it('leaves the choice to the kernel when none of them may be had', async () => {
  // An address of no interface here: nothing can be listened on.
  expect(await freeDashboardPort('203.0.113.1', 8080)).toBe(0)
})
