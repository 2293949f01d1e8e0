/**
 * Stories of a LAN as text. A scenario is blocks; a block is commands, a line `----`, and what happened, to the
 * millisecond. Lines that begin with `#` are for the reader.
 *
 *   lan nodes=a,b priorities=200,100 intervals=1s     each list has one value for all, or one for each node
 *   start all
 *   advance 4s
 *   ----
 *   0.000 a,b    web  initialize → backup  startup
 *
 * Options of `lan`: nodes, priorities, intervals, versions, preempt (on, off, or the delay: 3s), vip, pairing (off, on).
 * Node n has the primary address 10.0.0.n. Every frame takes one millisecond. Commands: `start`, `stop` (SIGTERM), `kill` (SIGKILL),
 * `crash` (power), `freeze`, `thaw`, `down`, `up`, `lose-address`, `regain-address`, each with nodes or `all`;
 * `partition a | b`, `partition a > b` (a does not reach b), `heal`, `configure a priority=50`, `advance TIME`,
 * `status`.
 */
import { seededEntropy } from '@aloft/agent/simulated/entropy'
import { ROUTER_DEFAULTS, type VirtualRouterConfig } from '@aloft/shared/config/agent-config'
import { PAIRING_DEFAULTS } from '@aloft/shared/config/bfd-config'
import { parseDuration } from '@aloft/shared/time/duration'
import { address } from '../simulation/addresses.ts'
import { Invariants } from '../simulation/invariants.ts'
import { LanSimulation } from '../simulation/lan-simulation.ts'
import type { Node } from '../simulation/node.ts'
import type { Plan } from '../simulation/plan.ts'
import { TRUE_TIME } from '../simulation/skewed-clock.ts'
import { type StoryTeller, storyTeller } from '../simulation/story.ts'

export interface Block {
  readonly commands: readonly string[]
  readonly log: readonly string[]
}

/** Blocks are separated by empty lines. Throws when one has no `----`. */
export function parseScenario(text: string): Block[] {
  return text
    .trim()
    .split(/\n{2,}/)
    .map((block) => {
      const lines = block.split('\n')
      const rule = lines.indexOf('----')
      if (rule < 0) throw new Error(`a block without "----": ${lines[0]}`)
      return { commands: lines.slice(0, rule), log: lines.slice(rule + 1) }
    })
}

export function formatScenario(blocks: readonly Block[]): string {
  return `${blocks.map(({ commands, log }) => [...commands, '----', ...log].join('\n')).join('\n\n')}\n`
}

/** Performs the commands and returns the same blocks with what happened now. */
export function playScenario(blocks: readonly Block[]): Block[] {
  const scenario = new Scenario()
  return blocks.map(({ commands }) => {
    for (const command of commands) scenario.perform(command)
    return { commands, log: scenario.takeLog() }
  })
}

const WIRE_MS = 1

class Scenario {
  #log: string[] = []
  #story: StoryTeller = storyTeller((line) => this.#log.push(line), { quiet: true })
  #stage: { simulation: LanSimulation; invariants: Invariants } | null = null

  perform(command: string): void {
    if (command.startsWith('#') || command.trim() === '') return
    const [verb = '', ...words] = command.trim().split(/\s+/)
    const perform = this.#verbs[verb]
    if (!perform) throw new Error(`not a command of a scenario: ${command}`)
    perform(words)
    this.#stage?.invariants.check()
  }

  takeLog(): string[] {
    this.#story.flush()
    const log = this.#log.map((line) => line.trimEnd())
    this.#log = []
    return log
  }

  readonly #verbs: Readonly<Record<string, (words: readonly string[]) => void>> = {
    lan: (words) => this.#build(optionsOf(words)),
    advance: ([time = '']) => this.#advance(time),
    start: (words) => this.#each(words, (node) => node.start()),
    stop: (words) => this.#each(words, (node) => node.stop()),
    kill: (words) => this.#each(words, (node) => node.kill()),
    crash: (words) => this.#each(words, (node) => node.crash()),
    freeze: (words) => this.#each(words, (node) => node.freeze()),
    thaw: (words) => this.#each(words, (node) => node.thaw()),
    down: (words) => this.#each(words, ({ host }) => host.change('eth0', { isUp: false })),
    up: (words) => this.#each(words, ({ host }) => host.change('eth0', { isUp: true })),
    'lose-address': (words) => this.#each(words, ({ host }) => host.change('eth0', { ipv4: null })),
    'regain-address': (words) => this.#each(words, ({ host }) => host.restore('eth0')),
    partition: (words) => this.#partition(words),
    heal: () => this.#simulation.lan.heal(),
    configure: ([name = '', ...words]) => this.#configure(name, optionsOf(words)),
    status: () => this.#status(),
  }

  get #simulation(): LanSimulation {
    return this.#staged.simulation
  }

  get #staged() {
    if (this.#stage === null) throw new Error('a scenario begins with "lan"')
    return this.#stage
  }

  #build(options: Options): void {
    const plan = planOf(options)
    const simulation = new LanSimulation(plan.nodes, { entropy: seededEntropy(1) })
    simulation.lan.setConditions('lan', plan.conditions)
    const invariants = new Invariants(simulation, plan)
    simulation.watch((sight) => invariants.see(sight))
    simulation.watch((sight) => this.#story.see(sight))
    this.#stage = { simulation, invariants }
  }

  #advance(time: string): void {
    const { simulation, invariants } = this.#staged
    const untilMs = simulation.time.now() + durationMs(time)
    while (simulation.time.runNext(untilMs)) invariants.check()
  }

  #each(words: readonly string[], act: (node: Node) => void): void {
    for (const node of this.#named(words.join(''))) act(node)
  }

  #named(list: string): readonly Node[] {
    if (list === 'all') return this.#simulation.nodes
    return list.split(',').map((name) => this.#simulation.node(name.trim()))
  }

  #partition([left = '', sign, right = '']: readonly string[]): void {
    if (sign !== '|' && sign !== '>') throw new Error('partition takes "a | b" or "a > b"')
    for (const a of this.#named(left)) {
      for (const b of this.#named(right)) {
        this.#simulation.block(a, b)
        if (sign === '|') this.#simulation.block(b, a)
      }
    }
  }

  #configure(name: string, options: Options): void {
    const node = this.#simulation.node(name)
    const priority = Number(options.get('priority') ?? Number.NaN)
    if (!Number.isInteger(priority)) throw new Error('configure takes priority=NUMBER')
    node.reconfigure(node.routers.map((router) => ({ ...router, priority })))
  }

  /** Who is what, who holds the address, and where each host would send a packet for it. */
  #status(): void {
    this.#story.flush()
    const { nodes } = this.#simulation
    const roles = nodes.map(({ name, run }) => {
      const [router] = run?.loop.status().virtualRouters ?? []
      return `${name} ${router?.role ?? 'gone'}`
    })
    const holders = nodes.filter(({ host }) => host.held().length > 0).map(({ name }) => name)
    const [vip] = nodes[0]?.routers[0]?.addresses ?? []
    const believed = nodes.map(({ name, host }) => `${name}→${(vip && host.neighbour(vip.address)) ?? '?'}`)
    this.#log.push(
      `      ${roles.join(', ')}; held by ${holders.join(',') || 'nobody'}; packets ${believed.join(' ')}`,
    )
  }
}

type Options = ReadonlyMap<string, string>

function optionsOf(words: readonly string[]): Options {
  return new Map(
    words.map((word): [string, string] => {
      const [key = '', value] = word.split('=')
      if (value === undefined) throw new Error(`not KEY=VALUE: ${word}`)
      return [key, value]
    }),
  )
}

const LAN_OPTIONS = new Set([
  ...['nodes', 'priorities', 'intervals', 'versions', 'preempt', 'vip', 'primaries', 'pairing'],
])

function planOf(options: Options): Plan {
  for (const key of options.keys()) if (!LAN_OPTIONS.has(key)) throw new Error(`lan has no option ${key}`)
  const names = (options.get('nodes') ?? 'a,b').split(',')
  const each = (key: string, otherwise: string) => {
    const values = (options.get(key) ?? otherwise).split(',')
    return (index: number) => values[index] ?? values[0] ?? otherwise
  }
  const primary = each('primaries', names.map((_, i) => String(i + 1)).join(','))
  const nodes = names.map((name, i) => ({
    host: {
      name,
      interfaces: [{ name: 'eth0', segment: 'lan', ipv4: address(`10.0.0.${primary(i)}`) }],
    },
    skew: TRUE_TIME,
    routers: [
      routerOf({
        priority: each('priorities', '100')(i),
        interval: each('intervals', '1s')(i),
        version: each('versions', '3')(i),
        preempt: each('preempt', 'on')(i),
        vip: options.get('vip') ?? '10.0.0.9',
        pairing: each('pairing', 'off')(i),
      }),
    ],
  }))
  const intervals = nodes.flatMap(({ routers }) => routers.map((router) => router.advertisementIntervalMs))
  return {
    nodes,
    segments: ['lan'],
    conditions: { loss: 0, duplication: 0, delayMs: [WIRE_MS, WIRE_MS] },
    intervalMsMax: Math.max(...intervals),
    hasTwins: new Set(names.map((_, i) => primary(i))).size < names.length,
  }
}

type Words = Readonly<Record<'priority' | 'interval' | 'version' | 'preempt' | 'vip' | 'pairing', string>>

function routerOf({ priority, interval, version, preempt, vip, pairing }: Words): VirtualRouterConfig {
  return {
    ...ROUTER_DEFAULTS,
    name: 'web',
    interface: 'eth0',
    vrid: 51,
    version: version === '2' ? 2 : 3,
    family: 'ipv4',
    priority: Number(priority),
    advertisementIntervalMs: durationMs(interval),
    preempt: {
      enabled: preempt !== 'off',
      delayMs: preempt === 'on' || preempt === 'off' ? 0 : durationMs(preempt),
    },
    addresses: [{ address: address(vip), prefixLength: 24 }],
    pairing: pairing === 'off' ? null : PAIRING_DEFAULTS,
  }
}

function durationMs(text: string): number {
  const ms = parseDuration(text)
  if (ms === null) throw new Error(`not a duration: ${text}`)
  return ms
}
