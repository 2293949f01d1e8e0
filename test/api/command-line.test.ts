/** The fleet commands against the real API of a real database: what they print, and how they exit. */
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { startTestApplication, type TestApplication } from '@aloft/control-plane/http/test-application'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { aloft } from '../../agent/src/cli/cli.fixture.ts'
import { type ServedApplication, serve } from './command-line.fixture.ts'
import { fleetOf } from './fleet.ts'

let app: TestApplication
let served: ServedApplication
let url = ''
let folder = ''
beforeAll(async () => {
  app = await startTestApplication()
  await fleetOf(app.database)
  served = await serve(app)
  url = served.url
  folder = mkdtempSync(path.join(os.tmpdir(), 'aloft-command-line-'))
})
afterAll(async () => {
  served.close()
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
    expect([none?.code, none?.stderr]).toEqual([
      1,
      'aloft: there is no site nowhere; `aloft sites` lists them\n',
    ])
    expect(bad?.stderr).toContain('aloft: name: lower-case letters')
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
    ['failovers --vrid 52', /^No failover matches\./],
    ['failovers --site rome', /^No failover matches\./],
    ['failovers --reason step-down', /^No failover matches\./],
    ['events --kind transition --node lb1 --vrid 51', /^[^\n]*paris\/lb1[^\n]*\n$/],
    ['events --kind link', /^No event matches\./],
    ['events --vrid 52', /^No event matches\./],
    ['events --site rome', /^No event matches\./],
    ['agents --state enrolled --site rome', /^SITE[^\n]*\nrome +lb1 +enrolled[^\n]*\n$/],
    ['agents --node lb2', /^SITE[^\n]*\nparis +lb2 [^\n]*\n$/],
    ['agents --label rack=9', /^No agent matches\./],
    ['virtual-routers --name web --family ipv4', /^paris +web +51/m],
    ['virtual-routers --vrid 52', /^No virtual router matches\./],
    ['virtual-routers --family ipv6', /^No virtual router matches\./],
    ['virtual-routers --state served', /^No virtual router matches\./],
  ])('aloft %s', async (args, expected) => {
    const ran = await run(args)
    expect([ran.code, ran.stderr]).toEqual([0, ''])
    expect(ran.stdout).toMatch(expected)
  })

  it('that mean nothing are told with what there is', async () => {
    const ran = await run('events --kind party')
    expect([ran.code, ran.stderr]).toEqual([
      2,
      expect.stringMatching(/^aloft: --kind: must be one of transition, .* \(400\)\n$/),
    ])
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

  /** Hands on so many requests, and cuts the next one off within its answer. */
  async function flaky(good: number) {
    let asked = 0
    const cut = createServer(async (request, response) => {
      const as = { authorization: `Bearer ${app.admin}` }
      const answer = await fetch(`${url}${smaller(request.url)}`, { headers: as })
      const text = await answer.text()
      response.writeHead(answer.status, { 'content-type': 'application/json' })
      response.end(++asked > good ? text.slice(0, 9) : text)
    })
    cut.listen(0, '127.0.0.1')
    await once(cut, 'listening')
    return { at: `http://127.0.0.1:${(cut.address() as AddressInfo).port}`, close: () => cut.close() }
  }
  const smaller = (asked = '') => asked.replace('limit=500', 'limit=1')
  const there = (name: string) => existsSync(path.join(folder, name))
  const linesOf = (text: string) => text.trim().split('\n')

  it('that was cut off goes on behind what is there, and is the same as in one go', async () => {
    const whole = (await run('export events --site paris')).stdout
    const { at, close } = await flaky(2)
    const env = { ALOFT_URL: at, ALOFT_TOKEN: 'x' }
    const asked = 'export events --site paris --out cut.ndjson'
    const ran = await aloft(asked.split(' '), { env, cwd: folder })
    expect([ran.code, ran.stderr]).toEqual([
      1,
      expect.stringMatching(
        /^aloft: the export was cut off after 2 objects; what came is in cut\.ndjson\.partial, and --resume /,
      ),
    ])
    expect([there('cut.ndjson'), there('cut.ndjson.partial')]).toEqual([false, true])
    // What was written behind the mark does not count.
    appendFileSync(path.join(folder, 'cut.ndjson.partial'), `{"half":"${'x'.repeat(9_000)}`)
    const other = await run('export events --site rome --out cut.ndjson --resume')
    expect([other.code, other.stderr]).toEqual([
      1,
      expect.stringContaining('is of another export (events --site paris)'),
    ])
    const resumed = await run(`${asked} --resume --json`)
    const text = readFileSync(path.join(folder, 'cut.ndjson'), 'utf8')
    expect(text).toBe(whole)
    const sha256 = createHash('sha256').update(whole).digest('hex')
    expect(JSON.parse(resumed.stdout)).toEqual({ items: linesOf(whole).length, file: 'cut.ndjson', sha256 })
    expect([there('cut.ndjson.partial'), there('cut.ndjson.partial.json')]).toEqual([false, false])
    close()
  })

  it('leaves no file behind when nothing came', async () => {
    const { at, close } = await flaky(0)
    const ran = await aloft(['export', 'events', '--out', 'none.ndjson', '--url', at, '--token', 'x'], {
      cwd: folder,
    })
    close()
    expect([ran.code, ran.stderr]).toEqual([
      1,
      expect.stringContaining('did not answer as an Aloft control plane'),
    ])
    expect([there('none.ndjson'), there('none.ndjson.partial')]).toEqual([false, false])
  })

  it('to a pipe that was cut off says where to go on', async () => {
    const whole = linesOf((await run('export events --site paris')).stdout)
    const { at, close } = await flaky(1)
    const env = { ALOFT_URL: at, ALOFT_TOKEN: 'x' }
    const first = await aloft('export events --site paris'.split(' '), { env, cwd: folder })
    close()
    const cursor = /one object; go on behind them with --cursor (\S+):/.exec(first.stderr)?.[1]
    const rest = await run(`export events --site paris --cursor ${cursor}`)
    expect([...linesOf(first.stdout), ...linesOf(rest.stdout)]).toEqual(whole)
    expect((await run('export events --cursor x --out f')).code).toBe(2)
    expect((await run('export events --resume')).code).toBe(2)
  })

  it('of the record is verified without the control plane, and what was changed in it is named', async () => {
    expect((await run('export audit --out audit.ndjson')).code).toBe(0)
    const file = path.join(folder, 'audit.ndjson')
    const away = { env: { ALOFT_URL: 'http://127.0.0.1:1' }, cwd: folder }
    const verify = async (...more: string[]) => {
      const { code, stdout, stderr } = await aloft(
        ['audit', 'verify', '--file', 'audit.ndjson', ...more],
        away,
      )
      return [code, code === 0 ? stdout : stderr]
    }
    const online = await run('audit verify')
    expect(await verify()).toEqual([0, online.stdout])
    const good = readFileSync(file, 'utf8')
    const lines = linesOf(good)
    expect(lines.length).toBeGreaterThan(3)
    const end = JSON.parse(lines.at(-1) ?? '')
    const noted = `${end.id}:${end.hash}`
    for (const [texts, fault, ...more] of [
      [lines.with(1, (lines[1] ?? '').replace('"actorName":"', '"actorName":"x')), 'entry 2'],
      [lines.toSpliced(1, 1), 'entry 3'],
      [[...lines, 'x'], `line ${lines.length + 1} is no entry`],
      [[...lines, '{"end":{}}', lines[0] ?? ''], 'goes on after its end'],
      [lines.slice(0, -1), 'cut off', '--expect', noted],
    ] as const) {
      writeFileSync(file, `${texts.join('\n')}\n`)
      expect(await verify(...more)).toEqual([1, expect.stringContaining(fault)])
    }
    writeFileSync(file, `${good}{"end":{"items":${lines.length},"nextCursor":null}}\n`)
    expect((await verify('--expect', noted))[0]).toBe(0)
    expect((await aloft(['audit', 'verify', '--file', 'nothing'], away)).code).toBe(2)
  })
})
