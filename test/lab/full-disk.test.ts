/** A whole agent whose state directory is on a disk that is full: it keeps its role, says so, and tells all of it later. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createLan, type Lan } from '../../agent/src/linux/namespace.ts'
import { type LabAgent, startAgent, untilRole } from './agent.ts'
import { until } from './wait.ts'

const BUNDLE = path.join(import.meta.dirname, '../../agent/dist/aloft.js')
const CONFIG = `node: one
virtualRouters:
  - name: web
    interface: eth0
    vrid: 51
    priority: 200
    addresses: [192.0.2.100/24]
`

let lan: Lan
let disk = ''
let agent: LabAgent

beforeAll(async () => {
  lan = await createLan(`full${process.pid}`, [{ name: 'one', addresses: ['192.0.2.1/24'] }])
  disk = mkdtempSync(path.join(os.tmpdir(), 'aloft-full-disk-'))
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=8m', 'aloft-full', disk])
  agent = startAgent({
    namespace: lan.namespaceOf('one'),
    config: CONFIG,
    stateDir: path.join(disk, 'state'),
  })
})
afterAll(async () => {
  await agent.kill()
  await lan.remove()
  execFileSync('umount', [disk])
  rmSync(disk, { recursive: true, force: true })
})

const status = () =>
  JSON.parse(
    execFileSync(process.execPath, [BUNDLE, 'status', '--state-dir', agent.stateDir, '--json'], {
      encoding: 'utf8',
    }),
  )
/** How often the spool on disk says that the router took or left its role, and what it says was lost. */
function spooled() {
  const folder = path.join(agent.stateDir, 'spool')
  const text = readdirSync(folder)
    .map((file) => readFileSync(path.join(folder, file), 'utf8'))
    .join('\n')
  const count = (pattern: RegExp) => [...text.matchAll(pattern)].length
  return { lost: count(/"to":"fault"/g), taken: count(/"to":"active"/g), gaps: count(/"kind":"gap"/g) }
}

test('it keeps its role, says what is wrong, and tells everything when there is room again', async () => {
  await untilRole(agent, 'web', 'active')
  await until(() => spooled().taken === 1, { what: 'the first transition in the spool', withinMs: 10_000 })
  const ballast = path.join(disk, 'ballast')
  try {
    writeFileSync(ballast, Buffer.alloc(16 * 1024 * 1024))
  } catch (error) {
    expect(error).toMatchObject({ code: 'ENOSPC' })
  }
  for (let i = 0; i < 3; i++) {
    await lan.setCable('one', false)
    await until(async () => (await agent.role('web')) !== 'active', { what: 'no role', withinMs: 10_000 })
    await lan.setCable('one', true)
    await untilRole(agent, 'web', 'active')
  }
  const wrong = () => JSON.stringify(status())
  // What the router could not write, and what the steward could not.
  const said = [/"journal":{[^{}]*ENOSPC/, /"spool":{[^{}]*ENOSPC/]
  await until(() => said.every((one) => one.test(wrong())), {
    what: 'the status to say so',
    withinMs: 10_000,
  })
  expect(agent.log()).toMatch(/ENOSPC/)
  expect(spooled().taken).toBeLessThan(4)
  rmSync(ballast)
  await until(() => spooled().taken === 4 || spooled().gaps > 0, { what: 'all of it', withinMs: 20_000 })
  await until(() => !wrong().includes('ENOSPC'), { what: 'the status to be good', withinMs: 10_000 })
  expect(spooled(), 'nothing was lost, so no gap says so').toMatchObject({ taken: 4, gaps: 0 })
  expect(await agent.role('web')).toBe('active')
})
