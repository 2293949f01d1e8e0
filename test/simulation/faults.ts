/** What befalls a LAN: which faults, when, and how each is undone. */
import { between, chance, type Entropy, integer, pick } from '@aloft/agent/simulated/entropy'
import type { LanSimulation } from './lan-simulation.ts'
import { portsOf } from './lan-simulation.ts'
import type { Node } from './node.ts'

interface Field {
  readonly simulation: LanSimulation
  readonly entropy: Entropy
  /** The length of one interval; faults last some of them. */
  readonly intervalMs: number
  /** No fault outlives this time. */
  readonly untilMs: number
}

type Fault = (field: Field) => void

/** Plans faults from now until `untilMs`, about one every four intervals, the last of them undone by then. */
export function scheduleFaults(field: Field): void {
  const { simulation, entropy, intervalMs, untilMs } = field
  let atMs = simulation.time.now() + between(entropy, 0, 5) * intervalMs
  while (atMs < untilMs) {
    const fault = pick(entropy, FAULTS)
    simulation.time.at(atMs, () => fault(field))
    atMs += between(entropy, 0, 8) * intervalMs
  }
}

/** Ends everything that still ails the LAN, in one instant, and leaves every process running. */
export function endFaults(simulation: LanSimulation): void {
  simulation.lan.heal()
  for (const node of simulation.nodes) {
    node.thaw()
    // Priorities stay where trackers have moved them.
    node.mend()
    for (const { interface: name } of node.routers) restoreInterface(node, name)
    node.start()
  }
}

const crash: Fault = (field) => {
  const node = anyNode(field)
  act(field, `crash ${node.name}`, () => node.crash())
  later(field, 6, `start ${node.name}`, () => node.start())
}

/** The process alone dies; its successor is there within an interval, or comes too late to resume. */
const kill: Fault = (field) => {
  const node = anyNode(field)
  act(field, `kill ${node.name}`, () => node.kill())
  const soon = chance(field.entropy, 0.6)
  later(field, soon ? 1 : 8, `start ${node.name}`, () => node.start())
}

/** An upgrade: the successor takes up what it is handed within an interval, or so late that it may not. */
const upgrade: Fault = (field) => {
  const node = anyNode(field)
  act(field, `hand over ${node.name}`, () => node.handOver())
  const soon = chance(field.entropy, 0.6)
  later(field, soon ? 1 : 8, `start ${node.name}`, () => node.start())
}

const stop: Fault = (field) => {
  const node = anyNode(field)
  act(field, `stop ${node.name}`, () => node.stop())
  later(field, 6, `start ${node.name}`, () => node.start())
}

const freeze: Fault = (field) => {
  const node = anyNode(field)
  act(field, `freeze ${node.name}`, () => node.freeze())
  later(field, 8, `thaw ${node.name}`, () => node.thaw())
}

const partition: Fault = (field) => {
  const { simulation, entropy } = field
  const apart = simulation.nodes.filter(() => chance(entropy, 0.5))
  const others = simulation.nodes.filter((node) => !apart.includes(node))
  const oneWay = chance(entropy, 0.4)
  const text = `${apart.map(nameOf).join(',')} ${oneWay ? '>' : '|'} ${others.map(nameOf).join(',')}`
  act(field, `partition ${text}`, () => {
    for (const a of apart) {
      for (const b of others) {
        simulation.block(a, b)
        if (!oneWay) simulation.block(b, a)
      }
    }
  })
  later(field, 10, 'heal', () => simulation.lan.heal())
}

const clog: Fault = (field) => {
  const { simulation, entropy, intervalMs, untilMs } = field
  const [from, to] = [anyNode(field), anyNode(field)]
  if (from === to) return
  const endMs = Math.min(untilMs, simulation.time.now() + between(entropy, 0, 5) * intervalMs)
  act(field, `clog ${from.name} > ${to.name} until ${(endMs / 1000).toFixed(3)}`, () => {
    for (const a of portsOf(from)) for (const b of portsOf(to)) simulation.lan.clog(a, b, endMs)
  })
}

const cutLink: Fault = (field) => {
  const node = anyNode(field)
  const name = pick(field.entropy, node.routers).interface
  act(field, `down ${node.name} ${name}`, () => node.host.change(name, { isUp: false }))
  later(field, 6, `up ${node.name} ${name}`, () => restoreInterface(node, name))
}

const loseAddress: Fault = (field) => {
  const node = anyNode(field)
  const { interface: name, family } = pick(field.entropy, node.routers)
  const primary = node.host.state(name)?.[family] ?? null
  if (primary === null) return
  act(field, `remove ${primary} ${node.name}`, () => node.host.change(name, { [family]: null }))
  later(field, 4, `add ${primary} ${node.name}`, () => restoreInterface(node, name))
}

/** A configuration change that takes a router away and brings it back, or changes only its priority. */
const reconfigure: Fault = (field) => {
  const node = anyNode(field)
  const before = node.routers
  const changed = pick(field.entropy, before)
  // The owner of the addresses stays the owner, and nobody becomes one.
  if (changed.priority === 255) return
  const priority = integer(field.entropy, 1, 254)
  const together = [changed.name, ...node.groupOf(changed.name)]
  act(field, `configure ${node.name} ${changed.name} priority ${priority}`, () =>
    node.reconfigure(
      before.map((router) => (together.includes(router.name) ? { ...router, priority } : router)),
    ),
  )
}

/** What a host watches moves its priorities, or forbids it to take part for a while. */
const track: Fault = (field) => {
  const { entropy } = field
  const node = anyNode(field)
  const level = chance(entropy, 0.3) ? 0 : integer(entropy, -120, 120)
  const isWell = chance(entropy, 0.7)
  act(field, `track ${node.name} ${level} ${isWell ? 'well' : 'failing'}`, () =>
    node.track({ level, isWell }),
  )
  if (!isWell) later(field, 6, `track ${node.name} ${level} well`, () => node.track({ level, isWell: true }))
}

/** Nothing comes of it, and nothing is to be undone. */
const intrude: Fault = (field) => {
  const { simulation, entropy } = field
  for (const { text, send } of simulation.stranger.plan(simulation.nodes, entropy)) act(field, text, send)
}

const FAULTS: readonly Fault[] = [
  intrude,
  intrude,
  track,
  crash,
  kill,
  upgrade,
  stop,
  freeze,
  partition,
  clog,
  cutLink,
  loseAddress,
  reconfigure,
]

function restoreInterface(node: Node, name: string): void {
  const { up, ipv4, ipv6 } = node.host.state(name) ?? {}
  if (up && ipv4 && ipv6) return
  node.host.restore(name)
}

function anyNode({ entropy, simulation }: Field): Node {
  return pick(entropy, simulation.nodes)
}

function nameOf(node: Node): string {
  return node.name
}

function act({ simulation }: Field, text: string, run: () => void): void {
  simulation.intervene(text, run)
}

/** Undoes a fault after up to `intervalsMax` intervals, and at the latest when faults end. */
function later(field: Field, intervalsMax: number, text: string, run: () => void): void {
  const { simulation, entropy, intervalMs, untilMs } = field
  const atMs = simulation.time.now() + between(entropy, 0, intervalsMax) * intervalMs
  simulation.time.at(Math.min(atMs, untilMs), () => act(field, text, run))
}
