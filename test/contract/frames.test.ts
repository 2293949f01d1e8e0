/**
 * One frame of every kind as protocol version 1 has it on the wire, written by hand and never regenerated. Agents of
 * yesterday send these for years: a change that stops reading one of them, or reads it otherwise, is a new version.
 */
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { EventBody } from '@aloft/shared/protocol/events'
import { AgentFrame, decodeAgentFrame, decodeServerFrame, ServerFrame } from '@aloft/shared/protocol/frames'
import { PROTOCOL_VERSION } from '@aloft/shared/protocol/version'
import { describe, expect, it } from 'vitest'

const folder = path.join(import.meta.dirname, 'frames-v1')
const goldens = readdirSync(folder).map((name) => ({
  name,
  text: readFileSync(path.join(folder, name), 'utf8'),
}))
const read = ({ name, text }: { name: string; text: string }) =>
  name.startsWith('agent-') ? decodeAgentFrame(text) : decodeServerFrame(text)

/** The values of `kind` a discriminated union knows. */
function kindsOf(union: { options: readonly { shape: { kind: { value: string } } }[] }): string[] {
  return union.options.map(({ shape }) => shape.kind.value).sort()
}

function kindsIn(values: readonly object[]): string[] {
  const kinds = values.map((value) => ('kind' in value ? String(value.kind) : 'malformed'))
  return [...new Set(kinds)].sort()
}

/** Fields that agents and centres of before do not send, by kind. */
const OPTIONAL = new Set([
  'hello.machineId',
  'hello.centreNonce',
  'hello.credential',
  'hello.trial',
  'challenge.centre',
  'welcome.proof',
  'welcome.credential',
  'welcome.rotateKey',
  'credential.rotateKey',
])
const isOptional = (kind: unknown, field: string) => OPTIONAL.has(`${String(kind)}.${field}`)

describe('protocol version 1', () => {
  it('is the version spoken', () => {
    expect(PROTOCOL_VERSION).toBe(1)
  })

  it.each(goldens)('reads $name, and means the same', (golden) => {
    expect(read(golden)).toEqual(JSON.parse(golden.text))
  })

  it('has a golden of every kind of frame and of every kind of event', () => {
    const of = (side: string) => goldens.filter(({ name }) => name.startsWith(side)).map(read)
    expect(kindsIn(of('agent-'))).toEqual(kindsOf(AgentFrame))
    expect(kindsIn(of('server-'))).toEqual(kindsOf(ServerFrame))
    const bodies = of('agent-').flatMap((frame) =>
      'events' in frame ? frame.events.map(({ body }) => body) : [],
    )
    expect(kindsIn(bodies)).toEqual(kindsOf(EventBody))
  })

  it.each(goldens)('ignores a field of $name it does not know', (golden) => {
    const more = { ...JSON.parse(golden.text), fromTheFuture: true }
    expect(read({ ...golden, text: JSON.stringify(more) })).toEqual(JSON.parse(golden.text))
  })

  it.each(goldens)('refuses $name when any of its fields is missing, and names it', (golden) => {
    const frame: Record<string, unknown> = JSON.parse(golden.text)
    const needed = Object.keys(frame).filter((field) => !isOptional(frame['kind'], field))
    for (const field of needed) {
      const { [field]: _, ...rest } = frame
      expect(read({ ...golden, text: JSON.stringify(rest) })).toEqual({
        malformed: expect.stringMatching(new RegExp(`^${field}: `)),
        unknownKind: false,
      })
    }
  })

  it.each(goldens)('reads $name without the fields that came later', (golden) => {
    const frame: Record<string, unknown> = JSON.parse(golden.text)
    const left = Object.entries(frame).filter(([field]) => !isOptional(frame['kind'], field))
    const text = JSON.stringify(Object.fromEntries(left))
    expect(read({ ...golden, text })).toEqual(JSON.parse(text))
  })

  it('has a golden with every field that came later', () => {
    const shown = goldens.flatMap(({ text }) => {
      const frame: Record<string, unknown> = JSON.parse(text)
      return Object.keys(frame).map((field) => `${frame['kind']}.${field}`)
    })
    expect([...OPTIONAL].filter((field) => !shown.includes(field))).toEqual([])
  })

  it.each(['', '[]', '42', 'null', '{}', '{"kind":"howdy"}', '{"kind":'])(
    'refuses %j on both sides',
    (text) => {
      expect(decodeAgentFrame(text)).toHaveProperty('malformed')
      expect(decodeServerFrame(text)).toHaveProperty('malformed')
    },
  )

  it('tells an unknown kind apart from other nonsense: it ends the session as unsupported', () => {
    expect(decodeServerFrame('{"kind":"howdy"}')).toMatchObject({ unknownKind: true })
    expect(decodeServerFrame('{"kind":"ack"}')).toMatchObject({ unknownKind: false })
    expect(decodeServerFrame('{"kind":7}')).toMatchObject({ unknownKind: false })
  })

  it('tells an event of an unknown kind, deep in a batch, apart too: its agent is newer than we are', () => {
    const events = goldens.find(({ name }) => name.startsWith('agent-events'))
    const frame = JSON.parse(events?.text ?? '')
    frame.events[0].body.kind = 'howdy'
    expect(decodeAgentFrame(JSON.stringify(frame))).toMatchObject({
      malformed: expect.stringMatching(/^events\.0\.body\.kind: /),
      unknownKind: true,
    })
    frame.events[0].body.kind = null
    expect(decodeAgentFrame(JSON.stringify(frame))).toMatchObject({ unknownKind: false })
  })
})
