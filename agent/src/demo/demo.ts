/**
 * `aloft demo`: a control plane and two sites of real agents on this machine. Root gets network namespaces and real
 * packets; anybody else gets the simulated LAN under the same agents. Ctrl-C leaves nothing behind, and what a crash
 * leaves behind the next start clears away.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import type { Server } from 'node:net'
import path from 'node:path'
import { askDemo, type DemoActionName, type DemoAnswer, serveDemoActions } from './demo-actions.ts'
import { type DemoCentre, startCentre } from './demo-centre.ts'
import { claimDemoFolder, clearDemo, type DemoFolder, demoFolder } from './demo-folder.ts'
import { createDemoLan, type DemoLan } from './demo-lan.ts'
import { type DemoProcess, startAloft } from './demo-process.ts'
import { configText, DEMO_SITES, type DemoNode, type DemoSite, findNode } from './demo-sites.ts'

export interface DemoOptions {
  /** For the dashboard; 0 takes any free port. */
  readonly port: number
}

/** Runs until it is told to stop; resolves with the exit code. */
export async function runDemo({ port }: DemoOptions): Promise<number> {
  const say = (line: string): void => console.log(line)
  const folder = demoFolder()
  let release: () => void
  try {
    release = await claimDemoFolder(folder, say)
  } catch (error) {
    console.error(`aloft demo: ${error instanceof Error ? error.message : error}`)
    return 1
  }
  const stopRequested = untilSignal()
  const demo = new Demo(folder, say)
  let code = 0
  try {
    const outcome = await Promise.race([demo.start(port).then(() => 'up' as const), stopRequested])
    if (outcome === 'up') {
      demo.welcome()
      code = (await Promise.race([stopRequested.then(() => null), demo.firstEnd()])) === null ? 0 : 1
    }
  } catch (error) {
    console.error(`aloft demo: ${error instanceof Error ? error.message : error}`)
    code = 1
  } finally {
    say('stopping …')
    await demo.stop()
    await clearDemo(folder)
    release()
    say('stopped; nothing is left behind')
  }
  return code
}

/** Asks the demo that runs in another terminal; prints what it answers; resolves with the exit code. */
export async function demoAction(action: DemoActionName, node: string): Promise<number> {
  try {
    const answer = await askDemo(demoFolder().controlSocket, { action, node })
    if ('done' in answer) console.log(answer.done)
    else console.error(`aloft demo: ${answer.refused}`)
    return 'done' in answer ? 0 : 1
  } catch {
    console.error(
      'aloft demo: no demo is running here; start one with `npm start` (or `aloft demo`) in another terminal',
    )
    return 1
  }
}

class Demo {
  readonly #folder: DemoFolder
  readonly #say: (line: string) => void
  readonly #lans = new Map<string, DemoLan>()
  readonly #agents = new Map<string, DemoProcess>()
  #centre: DemoCentre | null = null
  #actions: Server | null = null
  #isStopping = false

  constructor(folder: DemoFolder, say: (line: string) => void) {
    this.#folder = folder
    this.#say = say
  }

  async start(port: number): Promise<void> {
    const real = process.getuid?.() === 0
    this.#say(
      `Aloft demo: ${DEMO_SITES.map(({ name, nodes }) => `${name} (${nodes.length} nodes)`).join(', ')}`,
    )
    await this.#step(
      real ? 'networks, made of namespaces' : 'simulated networks (root would get real ones)',
      async () => {
        for (const site of DEMO_SITES) this.#lans.set(site.name, await createDemoLan(site, this.#folder))
      },
    )
    await this.#step('control plane with its own PostgreSQL', async () => {
      this.#centre = await startCentre(this.#folder, port)
    })
    await this.#step('agents', () => this.#startAgents())
    await this.#step('every virtual router served', () => this.#untilServed())
    this.#actions = await serveDemoActions(this.#folder.controlSocket, (request) =>
      this.#perform(request.action, request.node),
    )
  }

  welcome(): void {
    // performance.now() counts from the start of this process, so this includes loading the program.
    const seconds = (performance.now() / 1_000).toFixed(1)
    const [site] = DEMO_SITES
    const node = `${site?.name}/${site?.nodes[0]?.name}`
    this.#say(`
Live after ${seconds} s.

  Dashboard   ${this.#centre?.url}
  Sign in     ${this.#centre?.signInLink}

  In another terminal:
    npx aloft demo fail ${node}         pull its cable and watch the fail-over
    npx aloft demo restore ${node}      put it back
    npx aloft demo partition ${node}    cut it off at the switch: split brain

  Ctrl-C ends the demo and leaves nothing behind.
`)
  }

  /** Resolves with a name when the centre ends by itself. Agents may restart their parts as they like. */
  async firstEnd(): Promise<string | null> {
    const centre = this.#centre?.process
    if (centre === undefined) return null
    const reason = await centre.ended
    if (this.#isStopping) return null
    console.error(`the control plane ended (${reason}):\n${centre.output()}`)
    return 'control plane'
  }

  async stop(): Promise<void> {
    this.#isStopping = true
    this.#actions?.close()
    await Promise.all([...this.#agents.values()].map((agent) => agent.stop()))
    await this.#centre?.process.stop()
    for (const lan of this.#lans.values()) await lan.remove()
  }

  async #step(what: string, work: () => Promise<void>): Promise<void> {
    const began = performance.now()
    if (process.stdout.isTTY) process.stdout.write(`  … ${what}`)
    await work()
    const line = `  ✓ ${what} (${((performance.now() - began) / 1_000).toFixed(1)} s)`
    this.#say(process.stdout.isTTY ? `\r\x1b[K${line}` : line)
  }

  async #startAgents(): Promise<void> {
    if (this.#centre === null) throw new Error('the control plane comes first')
    for (const site of DEMO_SITES) {
      const token = await this.#centre.createToken(site.name, site.nodes.length)
      for (const node of site.nodes) this.#startAgent(site, node, token)
    }
  }

  #startAgent(site: DemoSite, node: DemoNode, token: string): void {
    const stateDir = this.#folder.stateDir(site.name, node.name)
    mkdirSync(stateDir, { recursive: true, mode: 0o700 })
    const config = path.join(stateDir, 'aloft.yaml')
    writeFileSync(config, configText(site, node))
    const lan = this.#lans.get(site.name)
    if (lan === undefined) throw new Error(`the network of ${site.name} comes first`)
    const args = ['agent', '--config', config, '--state-dir', stateDir]
    const uplink = ['--control-plane', `unix:${this.#folder.centreSocket}`, '--enrolment-token', token]
    this.#agents.set(`${site.name}/${node.name}`, startAloft([...args, ...uplink], lan.launch(node.name)))
  }

  async #untilServed(): Promise<void> {
    const expected = DEMO_SITES.flatMap(({ routers }) => routers).length
    const deadline = performance.now() + SERVED_PATIENCE_MS
    for (;;) {
      const routers = (await this.#centre?.virtualRouters()) ?? []
      if (routers.filter(({ state }) => state === 'served').length >= expected) return
      this.#checkAgents()
      if (performance.now() > deadline) throw new Error(`the sites did not settle:\n${this.#outputs()}`)
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  }

  #checkAgents(): void {
    for (const [name, { child, output }] of this.#agents) {
      if (child.exitCode !== null)
        throw new Error(`agent ${name} ended with exit code ${child.exitCode}:\n${output()}`)
    }
  }

  #outputs(): string {
    return [...this.#agents].map(([name, { output }]) => `--- ${name}\n${output()}`).join('\n')
  }

  async #perform(action: DemoActionName, nodePath: string): Promise<DemoAnswer> {
    const found = findNode(nodePath)
    if ('unknown' in found) return { refused: found.unknown }
    const lan = this.#lans.get(found.site.name)
    if (lan === undefined) return { refused: `the network of ${found.site.name} is not up` }
    await lan[action](found.node.name)
    const done = DONE[action](nodePath)
    this.#say(done)
    return { done }
  }
}

const SERVED_PATIENCE_MS = 30_000

const DONE: Readonly<Record<DemoActionName, (node: string) => string>> = {
  fail: (node) => `${node}: cable pulled`,
  restore: (node) => `${node}: connected again`,
  partition: (node) => `${node}: cut off at the switch, link still up`,
}

/** Resolves at the first signal. Later ones are only answered: dying half-way would leave things behind. */
function untilSignal(): Promise<'stop'> {
  return new Promise((resolve) => {
    let isStopping = false
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.on(name, () => {
        if (isStopping) console.error('aloft demo: still stopping; nothing may be left behind')
        isStopping = true
        resolve('stop')
      })
    }
  })
}
