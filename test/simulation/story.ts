/**
 * A simulation as people read it: one line for each transition, with what was done in the same instant, and one for
 * each intervention. Scenarios keep these lines as goldens.
 *
 *   3.219 a      web  backup → active  priority      advertise 200, acquire 10.0.0.9, announce 10.0.0.9
 */
import type { EventBody } from '@aloft/shared/protocol/events'
import type { Sight } from './lan-simulation.ts'
import type { Node } from './node.ts'

export interface StoryTeller {
  readonly see: (sight: Sight) => void
  /** Tells what is still held back; lines are kept until their instant has passed. */
  readonly flush: () => void
}

interface Line {
  readonly subject: string
  readonly text: string
}

/** `quiet`: leaves out interventions, where they are written above already. */
export function storyTeller(tell: (line: string) => void, { quiet = false } = {}): StoryTeller {
  let atMs = 0
  let lines: Line[] = []
  const deeds = new Map<Node, string[]>()

  const flush = () => {
    for (const [node, left] of deeds) {
      // Advertisements at their time are not worth a line, nor are announcements repeated.
      const isRoutine = ['advertise', 'announce'].some((word) => left.every((deed) => deed.startsWith(word)))
      if (!isRoutine) lines.push({ subject: node.name, text: left.join(', ') })
    }
    for (const { subject, text } of merged(lines))
      tell(`${(atMs / 1000).toFixed(3)} ${subject.padEnd(6)} ${text}`)
    lines = []
    deeds.clear()
  }
  const see = (sight: Sight) => {
    if (sight.kind === 'hearing' || (sight.kind === 'deed' && sight.deed.did === 'send-bfd')) return
    if (sight.atMs !== atMs) flush()
    atMs = sight.atMs
    if (sight.kind === 'intervention') {
      if (!quiet) lines.push({ subject: '#', text: sight.text })
    } else if (sight.kind === 'deed') note(deeds, sight)
    else lines.push({ subject: sight.node.name, text: withDeeds(said(sight.body), take(deeds, sight.node)) })
  }
  return { see, flush }
}

/** Nodes to which the same thing happened in one instant share a line. */
function merged(lines: readonly Line[]): Line[] {
  const subjects = new Map<string, string[]>()
  for (const { subject, text } of lines) subjects.set(text, [...(subjects.get(text) ?? []), subject])
  return [...subjects].map(([text, names]) => ({ text, subject: names.join(',') }))
}

function note(deeds: Map<Node, string[]>, { node, deed }: Extract<Sight, { kind: 'deed' }>): void {
  const text =
    'payload' in deed
      ? `advertise ${deed.payload[2]}${deed.sent ? '' : ' in vain'}`
      : `${deed.did} ${deed.addresses.join(' ')}`
  const list = deeds.get(node) ?? []
  deeds.set(node, list)
  // A burst of announcements is one deed to the reader.
  if (list.at(-1) !== text) list.push(text)
}

function take(deeds: Map<Node, string[]>, node: Node): string[] {
  const taken = deeds.get(node) ?? []
  deeds.delete(node)
  return taken
}

function withDeeds(text: string, deeds: readonly string[]): string {
  return deeds.length > 0 ? `${text.padEnd(56)} ${deeds.join(', ')}` : text
}

function said(body: EventBody): string {
  switch (body.kind) {
    case 'transition': {
      const { virtualRouter, from, to, reason, heard } = body
      const silence = to === 'active' && heard ? ` after ${heard.agoMs.toFixed(0)} ms` : ''
      return `${virtualRouter.padEnd(4)} ${from} → ${to}  ${reason}${silence}`
    }
    case 'resumed':
      return `${body.virtualRouter.padEnd(4)} resumed as ${body.role}`
    case 'bfd':
      return `bfd of ${body.remote}: ${body.from} → ${body.to}, ${body.diagnostic}${body.activeLost ? ', active lost' : ''}`
    case 'false-alarm':
      return `false alarm: ${body.remote} is heard ${body.heardAfterMs.toFixed(0)} ms later, two actives for ${body.twoActivesMs.toFixed(0)} ms`
    case 'link':
      return `${body.interface} ${body.up ? 'up' : 'down'}`
    case 'protocol-error':
      return `discards ${body.reason} from ${body.source ?? 'nobody known'}, ${body.count} times`
    case 'lan':
      return `${(body.virtualRouter ?? '').padEnd(4)} sees ${body.finding} of ${body.source}`
    default:
      return body.kind
  }
}
