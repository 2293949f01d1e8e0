/** A whole agent whose state directory is on a disk that is full: it keeps its role, says so, and tells all of it later. */
import { execFileSync } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync, writeSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createLan, type Lan } from '../../agent/src/linux/namespace.ts'
import { type LabAgent, startAgent, untilRole } from './agent.ts'
import { until } from './wait.ts'

const BUNDLE = path.join(import.meta.dirname, '../../agent/dist/aloft.js')
/** Each loss and gain of the link is hundreds of observations with these: more than a router keeps in memory. */
const ROUTERS = 150
const MANY = `node: one
virtualRouters:
${Array.from(
  { length: ROUTERS },
  (_, i) => `  - name: web${i}
    interface: eth0
    vrid: ${i + 1}
    priority: 200
    advertisementInterval: 200ms
    addresses: [192.0.2.${i + 50}/24]
`,
).join('')}`
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

function gapsTold() {
  const folder = path.join(agent.stateDir, 'spool')
  const text = readdirSync(folder).map((file) => readFileSync(path.join(folder, file), 'utf8'))
  return [...text.join('\n').matchAll(/"kind":"gap","count":(\d+),"cause":"([a-z-]+)"/g)].map(
    ([, count, cause]) => ({ count: Number(count), cause }),
  )
}
const ballast = () => path.join(disk, 'ballast')
const makeRoom = () => rmSync(ballast())
/** To the last byte: what is written whole or not at all leaves room behind. */
function fill(): void {
  const file = openSync(ballast(), 'w')
  try {
    for (const bytes of [65_536, 1]) {
      try {
        for (;;) writeSync(file, Buffer.alloc(bytes))
      } catch (error) {
        expect(error).toMatchObject({ code: 'ENOSPC' })
      }
    }
  } finally {
    closeSync(file)
  }
}

test('it keeps its role, says what is wrong, and tells everything when there is room again', async () => {
  await untilRole(agent, 'web', 'active')
  await until(() => spooled().taken === 1, { what: 'the first transition in the spool', withinMs: 10_000 })
  fill()
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
  makeRoom()
  await until(() => spooled().taken === 4 || spooled().gaps > 0, { what: 'all of it', withinMs: 20_000 })
  await until(() => !wrong().includes('ENOSPC'), { what: 'the status to be good', withinMs: 10_000 })
  expect(spooled(), 'nothing was lost, so no gap says so').toMatchObject({ taken: 4, gaps: 0 })
  expect(await agent.role('web')).toBe('active')
})

test('what it can keep neither on disk nor in memory is told as a gap, with how much it was', async () => {
  await agent.kill()
  agent = startAgent({
    namespace: lan.namespaceOf('one'),
    config: MANY,
    stateDir: path.join(disk, 'many'),
  })
  const countActive = async () =>
    (await agent.routerStatus()).virtualRouters.filter(({ role }) => role === 'active').length
  const untilActive = (count: number) =>
    until(async () => (await countActive()) === count, {
      what: `${count} active`,
      withinMs: 20_000,
    })
  await untilActive(ROUTERS)
  await until(() => spooled().taken === ROUTERS, { what: 'all of that in the spool', withinMs: 10_000 })
  const before = spooled()
  fill()
  const lost = async () => (await agent.routerStatus()).journal.lost
  let flaps = 0
  while ((await lost()) === 0) {
    if (++flaps > 10) throw new Error('it loses nothing')
    await lan.setCable('one', false)
    await untilActive(0)
    await lan.setCable('one', true)
    await untilActive(ROUTERS)
  }
  const gone = await lost()
  expect(before.gaps).toBe(0)
  makeRoom()
  await until(() => spooled().gaps > 0, { what: 'the gap', withinMs: 20_000 })
  const [gap, ...others] = gapsTold()
  expect([gap, others]).toEqual([{ count: gone, cause: 'journal-overflow' }, []])
  // What was kept in memory is whole, and the loss comes after it: nothing observed is in neither.
  const { taken, lost: left } = spooled()
  expect(taken + left + gone).toBeGreaterThanOrEqual(ROUTERS * (1 + 2 * flaps))
  expect(await lost()).toBe(0)
  expect(await countActive()).toBe(ROUTERS)
})
