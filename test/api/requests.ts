/** Requests of every kind for one operation: as the document allows them, nearly so, and not at all. */
import type { Operation } from '@aloft/control-plane/http/api-document'
import fc from 'fast-check'
import { ofSchema, type Schema, schemaOf } from './arbitrary.ts'

export interface Target {
  readonly path: string
  readonly method: string
  readonly operation: Operation
}

export interface Made {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | null
  /** Nothing was spoilt on purpose. */
  readonly isAllowed: boolean
}

interface Sources {
  readonly refs: (name: string) => Schema
  /** Ids that there are, for a parameter of a path. */
  readonly ids: (path: string, parameter: string) => readonly string[]
}

/** What has broken parsers before. */
const NASTY = [
  ...[
    '',
    ' ',
    '0',
    '-1',
    '1e999',
    '999999999999999999999',
    'NaN',
    'null',
    'true',
    '[]',
    '{}',
    '"',
    "'",
    '\\',
    '%',
    '%00',
    '\u0000',
  ],
  ...[
    '../../etc/passwd',
    "'; drop table sites; --",
    '{{7*7}}',
    '<script>',
    '\ud83d\ude00',
    'a'.repeat(3_000),
    '\u202e',
    '\n',
    '__proto__',
  ],
  ...[
    '2026-13-45T99:99:99Z',
    '0000-00-00T00:00:00Z',
    '+275760-09-13T00:00:00.001Z',
    '00000000-0000-0000-0000-000000000000',
  ],
  ...[
    'W10',
    'WzFd',
    'W251bGxd',
    'WzEuNV0',
    'WyJhIiwiYiJd',
    'eyJhIjoxfQ',
    'WzFlOTk5LCJhc2MiXQ',
    'W10=',
    Buffer.from('[9007199254740993,"asc"]').toString('base64url'),
  ],
]
const nasty = fc.oneof(fc.constantFrom(...NASTY), fc.string({ unit: 'binary', maxLength: 40 }))

export function requestsFor(target: Target, sources: Sources): fc.Arbitrary<Made> {
  const allowed = fc.record({
    path: pathOf(target, sources),
    query: queryOf(target, sources),
    headers: fc.constant<Record<string, string>>({}),
    body: bodyOf(target, sources),
  })
  const spoilt = fc.record({
    path: fc.oneof(
      { weight: 3, arbitrary: pathOf(target, sources) },
      { weight: 1, arbitrary: nastyPath(target) },
    ),
    query: fc.oneof(queryOf(target, sources), nastyQuery(target)),
    headers: nastyHeaders,
    body: fc.oneof(bodyOf(target, sources), nastyBody(target, sources)),
  })
  return fc.oneof(
    allowed.map((parts) => requestOf(parts, true)),
    spoilt.map((parts) => requestOf(parts, false)),
  )
}

interface Parts {
  readonly path: string
  readonly query: readonly (readonly [string, string])[]
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | null
}

function requestOf({ path, query, headers, body }: Parts, isAllowed: boolean): Made {
  const text = new URLSearchParams(query.map(([name, value]) => [name, value])).toString()
  const type = body === null ? {} : { 'content-type': 'application/json' }
  return {
    url: text === '' ? path : `${path}?${text}`,
    headers: { ...type, ...headers },
    body,
    isAllowed,
  }
}

function pathOf({ path }: Target, { ids }: Sources): fc.Arbitrary<string> {
  const names = parametersIn(path)
  const values = names.map((name) => {
    const known = ids(path, name)
    const some = fc.oneof(fc.uuid(), fc.stringMatching(/^[a-z0-9-]{1,20}$/))
    return known.length === 0
      ? some
      : fc.oneof({ weight: 6, arbitrary: fc.constantFrom(...known) }, { weight: 1, arbitrary: some })
  })
  return fc.tuple(...values).map((chosen) => filled(path, names, chosen))
}

/** What cannot be one segment of a path (empty, dots) asks for another path, which is no test of this one. */
function nastyPath({ path }: Target): fc.Arbitrary<string> {
  const names = parametersIn(path)
  const segment = nasty.filter((text) => !['', '.', '..'].includes(text) && !/\p{Surrogate}/u.test(text))
  return fc.tuple(...names.map(() => segment)).map((chosen) => filled(path, names, chosen))
}

function filled(path: string, names: readonly string[], values: readonly string[]): string {
  return names.reduce(
    (text, name, i) => text.replace(`{${name}}`, () => encodeURIComponent(values[i] ?? 'x')),
    path,
  )
}

function parametersIn(path: string): readonly string[] {
  return Array.from(path.matchAll(/\{(\w+)\}/g), ([, name = '']) => name)
}

function queryOf(
  { operation }: Target,
  { refs }: Sources,
): fc.Arbitrary<readonly (readonly [string, string])[]> {
  const fields = parametersOf(operation, 'query').map(({ name, schema, required }) => {
    const value = name === 'cursor' ? fc.constant(undefined) : ofSchema(schema, refs)
    const maybe = required ? value : fc.option(value, { nil: undefined, freq: 2 })
    return maybe.map((made): readonly (readonly [string, string])[] =>
      made === undefined ? [] : [[name, String(made)]],
    )
  })
  return fc.tuple(...fields).map((all) => all.flat())
}

function nastyQuery({ operation }: Target): fc.Arbitrary<readonly (readonly [string, string])[]> {
  const names = parametersOf(operation, 'query').map(({ name }) => name)
  const name = fc.oneof(
    ...(names.length > 0 ? [fc.constantFrom(...names)] : []),
    fc.constantFrom('x', '', 'limit[]', '__proto__', 'limit'),
  )
  return fc.array(fc.tuple(name, nasty), { maxLength: 3 })
}

const nastyHeaders: fc.Arbitrary<Record<string, string>> = fc.dictionary(
  fc.constantFrom(
    'accept',
    'content-type',
    'idempotency-key',
    'if-match',
    'if-none-match',
    'last-event-id',
    'x-request-id',
    'origin',
    'range',
    'x-forwarded-for',
  ),
  fc.oneof(
    fc.constantFrom(
      '*/*',
      'application/json',
      'application/x-ndjson',
      'text/html',
      '"1.x"',
      '"999999999999999.x"',
      'W/"1"',
      '*',
      '0:0',
      '1.2',
      ',;q=,',
      'application/json;q=2',
      'bytes=0-1',
    ),
    fc
      .string({
        unit: fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCharCode(code)),
        maxLength: 250,
      })
      .map((text) => text.trim()),
  ),
  { maxKeys: 3 },
)

function bodyOf({ operation }: Target, { refs }: Sources): fc.Arbitrary<string | null> {
  const schema = bodySchema(operation)
  return schema === null ? fc.constant(null) : ofSchema(schema, refs).map((value) => JSON.stringify(value))
}

function nastyBody({ method, operation }: Target, { refs }: Sources): fc.Arbitrary<string | null> {
  if (method === 'get') return fc.constant(null)
  const schema = bodySchema(operation)
  const junk = fc.oneof(
    fc.json({ maxDepth: 3 }),
    fc.constantFrom(
      '',
      '{',
      'null',
      '[]',
      '"x"',
      '{"__proto__":{"a":1}}',
      '['.repeat(20_000),
      '1e999',
      '\ufeff{}',
      `{"a":"${'x'.repeat(70_000)}"}`,
    ),
    nasty,
  )
  if (schema === null) return fc.option(junk)
  const properties = Object.keys(schemaOf(schema['properties']))
  const spoilt = fc
    .tuple(
      ofSchema(schema, refs),
      fc.constantFrom(...(properties.length > 0 ? properties : ['x'])),
      fc.oneof(fc.jsonValue({ maxDepth: 2 }), nasty),
    )
    .map(([value, property, instead]) => JSON.stringify({ ...schemaOf(value), [property]: instead }))
  return fc.oneof(spoilt, junk)
}

function bodySchema(operation: Operation): Schema | null {
  const content = schemaOf(schemaOf(operation.requestBody)['content'])
  const json = content['application/json']
  return json === undefined ? null : schemaOf(schemaOf(json)['schema'])
}

function parametersOf(operation: Operation, where: string) {
  return (operation.parameters ?? [])
    .map(schemaOf)
    .filter((parameter) => parameter['in'] === where)
    .map((parameter) => ({
      name: String(parameter['name']),
      schema: schemaOf(parameter['schema']),
      required: parameter['required'] === true,
    }))
}
