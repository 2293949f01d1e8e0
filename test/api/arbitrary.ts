/** What a JSON schema allows, as fast-check makes it. */
import fc from 'fast-check'

export type Schema = { readonly [key: string]: unknown }

/** `refs` finds what `$ref` names. */
export function ofSchema(schema: Schema, refs: (name: string) => Schema): fc.Arbitrary<unknown> {
  const of = (each: unknown) => ofSchema(schemaOf(each), refs)
  if (typeof schema['$ref'] === 'string') return ofSchema(refs(schema['$ref']), refs)
  const union = schema['oneOf'] ?? schema['anyOf']
  if (Array.isArray(union)) return fc.oneof(...union.map(of))
  if ('const' in schema) return fc.constant(schema['const'])
  if (Array.isArray(schema['enum'])) return fc.constantFrom(...schema['enum'])
  const type = schema['type']
  if (Array.isArray(type)) return fc.oneof(...type.map((each) => of({ ...schema, type: each })))
  switch (type) {
    case 'string':
      return text(schema)
    case 'integer':
      return fc.integer(bounds(schema))
    case 'number':
      return fc.double({ noNaN: true, noDefaultInfinity: true, ...bounds(schema) })
    case 'boolean':
      return fc.boolean()
    case 'null':
      return fc.constant(null)
    case 'array':
      return fc.array(of(schema['items'] ?? {}), { maxLength: 4 })
    case 'object':
      return object(schema, refs)
    default:
      return fc.jsonValue({ maxDepth: 2 })
  }
}

function text(schema: Schema): fc.Arbitrary<string> {
  const { format, pattern, minLength = 0, maxLength = 60 } = schema
  if (format === 'date-time') {
    return fc
      .date({ min: new Date(0), max: new Date(4e12), noInvalidDate: true })
      .map((date) => date.toISOString())
  }
  if (format === 'uuid') return fc.uuid()
  if (typeof pattern === 'string')
    return fc.stringMatching(new RegExp(pattern)).filter((made) => made.length <= 200)
  return fc.string({
    unit: 'grapheme',
    minLength: Number(minLength),
    maxLength: Math.max(Number(minLength), Math.min(60, Number(maxLength))),
  })
}

function object(schema: Schema, refs: (name: string) => Schema): fc.Arbitrary<unknown> {
  const properties = Object.entries(schemaOf(schema['properties']))
  const required = Array.isArray(schema['required']) ? schema['required'].map(String) : []
  const model = Object.fromEntries(properties.map(([name, each]) => [name, ofSchema(schemaOf(each), refs)]))
  const others = schema['additionalProperties']
  if (properties.length === 0 && others !== undefined && others !== false) {
    return fc.dictionary(fc.string({ maxLength: 20 }), ofSchema(schemaOf(others), refs), { maxKeys: 4 })
  }
  return fc.record(model, { requiredKeys: required.filter((name) => name in model) })
}

function bounds({ minimum, maximum }: Schema): { readonly min?: number; readonly max?: number } {
  return {
    ...(typeof minimum === 'number' ? { min: minimum } : {}),
    ...(typeof maximum === 'number' ? { max: maximum } : {}),
  }
}

export function schemaOf(value: unknown): Schema {
  return typeof value === 'object' && value !== null ? { ...value } : {}
}
