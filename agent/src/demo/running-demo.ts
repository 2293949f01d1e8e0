/** A demo while it runs: its networks, its control plane, its agents, and what may be done to its nodes. */
import { mkdirSync, writeFileSync } from 'node:fs'
import type { Server } from 'node:net'
import path from 'node:path'
import { type DemoActionName, type DemoAnswer, type DemoRequest, serveDemoActions } from './demo-actions.ts'
import { type DemoCentre, reachCentre, startCentre } from './demo-centre.ts'
import type { DemoFolder } from './demo-folder.ts'
import { createNamespaceLan, createSimulatedLan, type DemoLan, whyNoNamespaces } from './demo-lan.ts'
import { type DemoProcess, startAloft } from './demo-process.ts'
import type { Progress } from './demo-progress.ts'
import { configText, DEMO_SITES, type DemoNode, type DemoSite, findNode } from './demo-sites.ts'

const SERVED_PATIENCE_MS = 30_000

export class RunningDemo {
  readonly #folder: DemoFolder
  readonly #progress: Progress
  readonly #lans = new Map<string, DemoLan>()
  readonly #agents = new Map<string, DemoProcess>()
  /** What was done to each node and not undone. */
  readonly #harmed = new Map<string, Set<DemoActionName>>()
  #centreProcess: DemoProcess | null = null
  #actions: Server | null = null
  #starting: Promise<DemoCentre> | null = null
  readonly #stopping = new AbortController()

  constructor(folder: DemoFolder, progress: Progress) {
    this.#folder = folder
    this.#progress = progress
  }

  /** Resolves when every virtual router is served; rejects when something ends before that, or on `stop`. */
  start(port: number): Promise<DemoCentre> {
    this.#starting = this.#start(port)
    return this.#starting
  }

  /** Resolves with what it printed when the control plane ends by itself. Agents may restart their parts as they like. */
  async centreEnded(): Promise<string> {
    const reason = await this.#centreProcess?.ended
    return `the control plane ended (${reason}):\n${this.#centreProcess?.output().trim()}`
  }

  /** Ends everything, a start that is under way included. */
  async stop(): Promise<void> {
    this.#stopping.abort(new Error('the demo is stopping'))
    this.#actions?.close()
    const agents = [...this.#agents.values()].map((agent) => agent.stop())
    // A start that is under way finds its control plane gone, or sees that we are stopping.
    await Promise.all([...agents, this.#starting === null ? null : this.#centreUnlessAgentsReport()])
    await this.#starting?.catch(() => {})
    await Promise.all([...this.#agents.values()].map((agent) => agent.stop()))
    await this.#centreProcess?.stop()
    await Promise.all([...this.#lans.values()].map((lan) => lan.remove()))
  }

  /** While agents run, the centre is stopped after them, so that it hears the end of their story. */
  async #centreUnlessAgentsReport(): Promise<void> {
    if (this.#agents.size === 0) await this.#centreProcess?.stop()
  }

  async #start(port: number): Promise<DemoCentre> {
    // All settle before this does: whoever stops a start knows then that nothing comes up behind its back.
    const [networks, centre] = await Promise.allSettled([this.#makeNetworks(), this.#startCentre(port)])
    if (networks.status === 'rejected') throw networks.reason
    if (centre.status === 'rejected') throw centre.reason
    await this.#progress.step('agents', () => this.#startAgents(centre.value))
    await this.#progress.step('every virtual router served', () => this.#untilServed(centre.value))
    this.#actions = await serveDemoActions(this.#folder.controlSocket, (request) => this.#perform(request))
    return centre.value
  }

  async #makeNetworks(): Promise<void> {
    const why = await whyNoNamespaces(this.#folder)
    const create = why === null ? createNamespaceLan : createSimulatedLan
    const what = why === null ? 'networks, made of namespaces' : `simulated networks (${why})`
    await this.#progress.step(what, async () => {
      const made = await Promise.allSettled(
        DEMO_SITES.map(async (site) => this.#lans.set(site.name, await create(site, this.#folder))),
      )
      const failed = made.find((one) => one.status === 'rejected')
      if (failed) throw failed.reason
    })
  }

  #startCentre(port: number): Promise<DemoCentre> {
    return this.#progress.step('control plane with its own PostgreSQL', () => {
      this.#centreProcess = startCentre(this.#folder, port)
      return reachCentre(this.#centreProcess, this.#folder, this.#stopping.signal)
    })
  }

  async #startAgents(centre: DemoCentre): Promise<void> {
    await Promise.all(
      DEMO_SITES.map(async (site) => {
        const token = await centre.createToken(site.name, site.nodes.length)
        for (const node of site.nodes) this.#startAgent(site, node, token)
      }),
    )
  }

  #startAgent(site: DemoSite, node: DemoNode, token: string): void {
    this.#checkGoingOn()
    const stateDir = this.#folder.stateDir(site.name, node.name)
    mkdirSync(stateDir, { recursive: true, mode: 0o700 })
    const config = path.join(stateDir, 'aloft.yaml')
    writeFileSync(config, configText(site, node))
    const args = ['agent', '--config', config, '--state-dir', stateDir]
    const uplink = ['--control-plane', `unix:${this.#folder.centreSocket}`, '--enrolment-token', token]
    const launch = this.#lanOf(site).launch(node.name)
    this.#agents.set(`${site.name}/${node.name}`, startAloft([...args, ...uplink], this.#folder, launch))
  }

  async #untilServed(centre: DemoCentre): Promise<void> {
    const expected = DEMO_SITES.flatMap(({ routers }) => routers).length
    const deadline = performance.now() + SERVED_PATIENCE_MS
    for (;;) {
      this.#checkGoingOn()
      const routers = await centre.virtualRouters()
      if (routers.filter(({ state }) => state === 'served').length >= expected) return
      this.#checkAgents()
      if (performance.now() > deadline) throw new Error(`the sites did not settle:\n${this.#outputs()}`)
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }

  #checkGoingOn(): void {
    this.#stopping.signal.throwIfAborted()
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

  #lanOf(site: DemoSite): DemoLan {
    const lan = this.#lans.get(site.name)
    if (lan === undefined) throw new Error(`the network of ${site.name} is not up`)
    return lan
  }

  async #perform({ action, node }: DemoRequest): Promise<DemoAnswer> {
    const found = findNode(node)
    if ('unknown' in found) return { refused: found.unknown }
    const harm = this.#harmed.get(node) ?? new Set()
    const isAlready = action === 'restore' ? harm.size === 0 : harm.has(action)
    if (isAlready) return { done: `${node}: ${ALREADY[action]}` }
    await this.#lanOf(found.site)[action](found.node.name)
    if (action === 'restore') harm.clear()
    else harm.add(action)
    this.#harmed.set(node, harm)
    const done = `${node}: ${DONE[action]}`
    this.#progress.say(done)
    return { done }
  }
}

const DONE: Readonly<Record<DemoActionName, string>> = {
  fail: 'cable pulled',
  restore: 'connected again',
  partition: 'cut off at the switch, link still up',
}

const ALREADY: Readonly<Record<DemoActionName, string>> = {
  fail: 'its cable is out already; `restore` puts it back',
  restore: 'is connected; there is nothing to restore',
  partition: 'is cut off already; `restore` undoes it',
}
