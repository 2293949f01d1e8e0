/** The fleet commands against the real API of a real database: what they print, and how they exit. */
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import type { Server } from 'node:http'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { startTestApplication, type TestApplication } from '@aloft/control-plane/http/test-application'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { aloft } from '../../agent/src/cli/cli.fixture.ts'
import { fleetOf } from './fleet.ts'

let app: TestApplication
let server: Server
let url = ''
let folder = ''
beforeAll(async () => {
  app = await startTestApplication()
  await fleetOf(app.database)
  // Hands a request on to the application, as the server of the control plane does.
  server = createServer(async (request, response) => {
    const body = (await request.toArray()).join('')
    const headers = Object.fromEntries(
      Object.entries(request.headers).map(([name, value]) => [name, String(value)]),
    )
    const { authorization = '', ...others } = headers
    const as = authorization.replace('Bearer ', '')
    const init = { method: request.method ?? 'GET', as, headers: others, ...(body === '' ? {} : { body }) }
    const answer = await app.fetch(request.url ?? '/', init)
    response.writeHead(answer.status, Object.fromEntries(answer.headers))
    for await (const chunk of answer.body ?? []) response.write(chunk)
    response.end()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  folder = mkdtempSync(path.join(os.tmpdir(), 'aloft-command-line-'))
})
afterAll(async () => {
  server.closeAllConnections()
  server.close()
  expect(app.faults).toEqual([])
  await app.close()
  rmSync(folder, { recursive: true })
})

const run = (args: string) =>
  aloft(args.split(' '), { env: { ALOFT_URL: url, ALOFT_TOKEN: app.admin }, cwd: folder })

describe('aloft sites', () => {
  it('makes, renames and removes a site, and says what comes next', async () => {
    expect(await run('sites create oslo')).toEqual({
      code: 0,
      stdout: 'Site oslo is there. `aloft token create --site oslo` says how nodes get in.\n',
      stderr: '',
    })
    expect(JSON.parse((await run('sites rename oslo bergen --json')).stdout)).toMatchObject({
      name: 'bergen',
    })
    expect((await run('sites')).stdout).toMatch(/^bergen +0\/0 /m)
    expect((await run('sites delete bergen')).stdout).toBe('Site bergen is gone.\n')
  })

  it('is told no with the reason, and wrong usage with the way', async () => {
    const [taken, full, none, bad, missing] = await Promise.all(
      [
        'sites create paris',
        'sites delete paris',
        'sites delete nowhere',
        'sites create Oslo',
        'sites create',
      ].map(run),
    )
    expect([taken?.code, taken?.stderr]).toEqual([1, 'aloft: there is a site paris already (409)\n'])
    expect(full?.stderr).toContain('site paris is not empty: it has 2 nodes')
    expect([none?.code, none?.stderr]).toEqual([1, 'aloft: there is no site nowhere (404)\n'])
    expect(bad?.stderr).toContain('/name: lower-case letters')
    expect([missing?.code, missing?.stderr]).toEqual([
      2,
      expect.stringContaining("missing required argument 'name'"),
    ])
  })
})

describe('aloft token', () => {
  it('lists what lets nodes in, and revokes it', async () => {
    const asked = 'token create --site rome --label rack=7 --needs-approval --json'
    const { id } = JSON.parse((await run(asked)).stdout)
    const listed = await run('token list --site rome')
    expect(listed.stdout).toMatch(/^ID +SITE +USES +CREATED +EXPIRES \(UTC\) +IN +LABELS +APPROVAL\n/)
    expect(listed.stdout).toMatch(new RegExp(`^${id} +rome  0/1 +\\d+s ago  .* +59m +rack=7 +needed$`, 'm'))
    expect((await run(`token revoke ${id}`)).stdout).toContain('Revoked.')
    expect((await run('token list --site rome --json')).stdout).not.toContain(id)
    expect((await run(`token revoke ${id}`)).code).toBe(1)
  })
})

describe('filters', () => {
  it.each([
    [
      'failovers --site paris --from 2026-11-22 --node lb2 --no-planned --family ipv4',
      /no-response +312ms +no$/m,
    ],
    ['failovers --planned', /^No failover matches\./],
    ['events --kind transition --node lb2 --vrid 51', /paris\/lb2.*\n.*paris\/lb2/],
    ['events --kind link', /^No event\./],
    ['agents --state enrolled --site rome', /^rome +lb1 +enrolled/m],
    ['virtual-routers --name web --family ipv4', /^paris +web +51/m],
    ['virtual-routers --state served', /^No virtual router matches\./],
  ])('aloft %s', async (args, expected) => {
    const ran = await run(args)
    expect([ran.code, ran.stderr]).toEqual([0, ''])
    expect(ran.stdout).toMatch(expected)
  })

  it('that mean nothing are told with what there is', async () => {
    const ran = await run('events --kind party')
    expect([ran.code, ran.stderr]).toEqual([1, expect.stringMatching(/\?kind: .*transition/)])
  })
})

describe('aloft export', () => {
  it('writes everything to a pipe, and says on stderr that it is everything', async () => {
    const { code, stdout, stderr } = await run('export events --site paris')
    expect([code, stderr]).toEqual([
      0,
      '4 objects, complete.\n'.replace('4', String(stdout.trim().split('\n').length)),
    ])
    const seqs = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).seq)
    expect(seqs).toEqual([1, 1, 2])
  })

  it('writes a file that is there when it is complete', async () => {
    expect(await run('export failovers --out all.ndjson')).toMatchObject({
      code: 0,
      stdout: '',
      stderr: 'One object, complete, in all.ndjson.\n',
    })
    expect(JSON.parse(readFileSync(path.join(folder, 'all.ndjson'), 'utf8'))).toMatchObject({ to: 'lb2' })
    const bad = await run('export events --out missing/all.ndjson')
    expect([bad.code, bad.stderr]).toEqual([
      1,
      expect.stringContaining('missing/all.ndjson cannot be written: ENOENT'),
    ])
  })

  it('leaves no file behind when it was cut', async () => {
    const cut = createServer((_, response) => {
      response.writeHead(200, { 'content-type': 'application/x-ndjson' })
      response.end('{"id":"1"}\n')
    })
    cut.listen(0, '127.0.0.1')
    await once(cut, 'listening')
    const at = `http://127.0.0.1:${(cut.address() as AddressInfo).port}`
    const ran = await aloft(['export', 'events', '--out', 'cut.ndjson', '--url', at, '--token', 'x'], {
      cwd: folder,
    })
    cut.close()
    expect([ran.code, ran.stderr]).toEqual([1, 'aloft: the export was cut after 1 items\n'])
    expect([
      existsSync(path.join(folder, 'cut.ndjson')),
      existsSync(path.join(folder, 'cut.ndjson.partial')),
    ]).toEqual([false, false])
  })
})
