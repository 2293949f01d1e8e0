import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { expect, it } from 'vitest'
import { reachCentre } from './demo-centre.ts'

it('an answer that will not come is not waited for once the demo stops', async () => {
  const centreData = mkdtempSync(path.join(os.tmpdir(), 'aloft-demo-centre-'))
  writeFileSync(path.join(centreData, 'admin-token'), 'secret')
  const asked: string[] = []
  // Takes the request and says nothing: a control plane that was told to end between request and answer.
  const server = createServer(({ url = '' }) => void asked.push(url))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  try {
    const stopping = new AbortController()
    const printed = `http://127.0.0.1:${port}/sign-in?code=abc`
    const started = { output: () => printed, ended: new Promise<string>(() => {}) }
    const centre = await reachCentre(started, { centreData }, stopping.signal)
    const token = centre.createToken('berlin', 1)
    await expect.poll(() => asked).toEqual(['/api/v1/enrolment-tokens'])
    stopping.abort(new Error('the demo is stopping'))
    await expect(token).rejects.toThrow('the demo is stopping')
    await expect(centre.virtualRouters()).rejects.toThrow('the demo is stopping')
  } finally {
    server.closeAllConnections()
    server.close()
    rmSync(centreData, { recursive: true })
  }
})
