/** What the demo answers to people who ask for what it cannot do, with the exit codes 0 done, 1 no, 2 wrong usage. */
import { readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type DemoRun, demoPlace, runDemo } from './demo-run.ts'

const place = demoPlace()
afterAll(() => place.remove())

describe('without a demo that runs', () => {
  it('says how to start one', async () => {
    const { code, err } = await place.ask('fail', 'amsterdam/lb1')
    expect(err.trim()).toBe(
      'aloft demo: no demo is running here; start one with `npm start` (or `npx aloft demo`) in another terminal',
    )
    expect(code).toBe(1)
  })

  it.each([
    [['explode', 'amsterdam/lb1'], /aloft demo has no command explode; it has fail, restore, partition/],
    [['fail'], /missing required argument 'site\/node'/],
    [['--port', '70000'], /Write a port, 0 to 65535/],
  ])('%j is wrong usage', async (args, message) => {
    const { code, err } = await place.ask(...args)
    expect(err).toMatch(message)
    expect(code).toBe(2)
  })

  it('refuses a port that was asked for and is taken, and leaves nothing behind', async () => {
    const taken = await listening()
    const port = portOf(taken)
    const { code, err } = await place.ask('--port', String(port))
    taken.close()
    expect(err).toContain(`port ${port} is already in use`)
    expect(err).toContain('choose another --port')
    expect(code).toBe(1)
    expect(await place.remains()).toEqual([])
  })
})

describe('with a demo that runs', () => {
  let demo: DemoRun
  beforeAll(async () => {
    demo = await runDemo(place)
  })
  afterAll(async () => {
    if (demo?.child.exitCode === null) await demo.interrupt()
  })

  it('refuses a second one, and says how to end the first', async () => {
    const { code, err } = await place.ask()
    expect(err).toContain(`a demo is already running (process ${demo.child.pid}); end it with Ctrl-C`)
    expect(code).toBe(1)
  })

  it('refuses a node that does not exist, and names those that do', async () => {
    const { code, err } = await place.ask('fail', 'amsterdam/lb9')
    expect(err).toMatch(
      /there is no node amsterdam\/lb9 in the demo; its nodes are amsterdam\/lb1, .*berlin\/gw3/,
    )
    expect(code).toBe(1)
  })

  it.each([
    ['restore', 'berlin/gw3: is connected; there is nothing to restore'],
    ['fail', 'berlin/gw3: cable pulled'],
    ['fail', 'berlin/gw3: its cable is out already; `restore` puts it back'],
    ['partition', 'berlin/gw3: cut off at the switch, link still up'],
    ['partition', 'berlin/gw3: is cut off already; `restore` undoes it'],
    ['restore', 'berlin/gw3: connected again'],
    ['restore', 'berlin/gw3: is connected; there is nothing to restore'],
  ])('%s answers "%s"', async (action, answer) => {
    const { code, out } = await place.ask(action, 'berlin/gw3')
    expect(out.trim()).toBe(answer)
    expect(code).toBe(0)
  })

  it('ends with the reason when its control plane is killed, and leaves nothing behind', async () => {
    const gone = new Promise((resolve) => demo.child.once('exit', resolve))
    const lock = readFileSync(path.join(place.folder.centreData, 'control-plane.lock'), 'utf8')
    process.kill(JSON.parse(lock).pid, 'SIGKILL')
    expect(await gone).toBe(1)
    expect(demo.output()).toContain('the control plane ended (signal SIGKILL)')
    expect(await place.remains()).toEqual([])
  })
})

function listening(): Promise<Server> {
  return new Promise((resolve) => {
    const server = createServer()
    server.listen(0, '127.0.0.1', () => resolve(server))
  })
}

function portOf(server: Server): number {
  const address = server.address()
  return address !== null && typeof address === 'object' ? address.port : 0
}
