/** docs/PROTOCOL.md is what somebody would write another agent from: every kind, example, code and figure is the code's. */
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { CloseCode } from '@aloft/shared/protocol/close-codes'
import { EventBody } from '@aloft/shared/protocol/events'
import {
  AgentFrame,
  challengeText,
  decodeAgentFrame,
  decodeServerFrame,
  enrolmentText,
  ServerFrame,
} from '@aloft/shared/protocol/frames'
import { PROTOCOL_VERSION, SUBPROTOCOL } from '@aloft/shared/protocol/version'
import { describe, expect, it } from 'vitest'
import { endingOf } from '../../agent/src/session/farewell.ts'
import { CONNECT_PATH } from '../../control-plane/src/gateway/socket.ts'

const root = path.dirname(path.dirname(import.meta.dirname))
const read = (file: string): string => readFileSync(path.join(root, file), 'utf8')
const text = read('docs/PROTOCOL.md')

/** The text below a heading, to the next of the same level or above. */
function section(heading: string): string {
  const [, level = ''] = /^(#+) /.exec(heading) ?? []
  const [, after = ''] = text.split(`\n${heading}\n`)
  const [body = ''] = after.split(new RegExp(`^#{1,${level.length}} `, 'm'))
  expect(body, heading).not.toBe('')
  return body
}

function rowsOf(heading: string): readonly (readonly string[])[] {
  const lines = section(heading).split('\n')
  return lines.filter((line) => /^\| .*`/.test(line)).map((line) => line.slice(2, -2).split(' | '))
}

function examplesOf(heading: string): readonly string[] {
  return Array.from(section(heading).matchAll(/^```json\n(.+)\n```$/gm), ([, example = '']) => example)
}

function kindsOf(union: { options: readonly { shape: { kind: { value: string } } }[] }): string[] {
  return union.options.map(({ shape }) => shape.kind.value)
}

const bare = (cell = ''): string => cell.replaceAll('`', '')

describe.each([
  ['### Frames of the agent', AgentFrame, decodeAgentFrame],
  ['### Frames of the centre', ServerFrame, decodeServerFrame],
] as const)('docs/PROTOCOL.md, %s', (heading, union, decode) => {
  it('has an example of every kind, that is read as it stands', () => {
    const examples = examplesOf(heading)
    expect(examples.map((example) => decode(example))).toEqual(examples.map((example) => JSON.parse(example)))
    expect(examples.map((example) => JSON.parse(example).kind).sort()).toEqual(kindsOf(union).sort())
  })

  it('introduces each example by the name of its kind', () => {
    for (const kind of kindsOf(union)) expect(section(heading)).toMatch(new RegExp(`^\`${kind}\``, 'm'))
  })
})

describe('docs/PROTOCOL.md', () => {
  it('names every kind of event', () => {
    for (const kind of kindsOf(EventBody)) expect(section('### Frames of the agent')).toContain(`\`${kind}\``)
  })

  it('states the version, the subprotocol, the path and the texts that are signed', () => {
    expect(text).toContain(`Protocol version ${PROTOCOL_VERSION}.`)
    expect(section('## Transport')).toContain(`subprotocol \`${SUBPROTOCOL}\``)
    expect(section('## Transport')).toContain(`\`GET ${CONNECT_PATH}\``)
    expect(text).toContain(`\`${challengeText('NONCE', 'AGENT-ID')}\``)
    expect(text).toContain(`\`${enrolmentText('TOKEN', 'NODE', 'PUBLIC-KEY')}\``)
  })

  it('lists every close code, and what it means to the agent', () => {
    const codes = rowsOf('## How a session ends').filter(([code]) => /^\d{4}$/.test(code ?? ''))
    const listed = codes.map(([code, name, , retry]) => [bare(name), Number(code), bare(retry)])
    const real = Object.entries(CloseCode).map(([name, code]) => [name, code, endingOf(code).kind])
    expect(listed).toEqual(real)
  })
})

const figures = rowsOf('## Figures').map(([name, figure, , file]) => ({
  name: bare(name),
  figure: Number(figure),
  file: bare(file),
}))

/** A product of literals is all that such a constant is ever made of. */
function valueIn(source: string, name: string): number | null {
  const match = new RegExp(`^(?:export const|const| ) ${name}(?: =|:) ([\\d_.e* -]+?),?$`, 'm').exec(source)
  const factors = match?.[1]?.replaceAll('_', '').split('*') ?? []
  return factors.length === 0 ? null : factors.reduce((product, factor) => product * Number(factor), 1)
}

describe('the figures of docs/PROTOCOL.md', () => {
  it.each(figures)('$name is $figure in $file', ({ name, figure, file }) => {
    expect(valueIn(read(file), name)).toBe(figure)
  })

  it('are all there are in the contract, the agent’s session and the limits of both sides', () => {
    const session = readdirSync(path.join(root, 'agent/src/session')).filter(
      (name) => !name.includes('.test.'),
    )
    const files = ['shared/src/protocol/version.ts', ...session.map((name) => `agent/src/session/${name}`)]
    const constants = files.flatMap((file) =>
      Array.from(read(file).matchAll(/^(?:export )?const ([A-Z_]+) = \d/gm), ([, name]) => name),
    )
    const limits = ['control-plane/src/gateway/machine.ts', 'agent/src/node/spool-retention.ts'].flatMap(
      (file) =>
        Array.from(read(file).matchAll(/^ {2}(\w+): \d[\d_]*(?: \* [\d_]+)*,$/gm), ([, name]) => name),
    )
    const named = new Set(figures.map(({ name }) => name))
    const missing = [...constants, ...limits].filter((name) => !named.has(name ?? ''))
    expect(missing).toEqual(['PROTOCOL_VERSION'])
  })

  it('cover every limit the text names', () => {
    const named = new Set(figures.map(({ name }) => name))
    const inText = Array.from(text.matchAll(/`([A-Z]+(?:_[A-Z]+)+)`/g), ([, name]) => name ?? '')
    expect(inText.filter((name) => !named.has(name))).toEqual(['PROTOCOL_VERSION'])
  })
})
