/** An OpenAPI 3.1 document as TypeScript: one interface a named schema, and one entry of `Operations` an operation. */

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }
type JsonObject = { readonly [key: string]: Json }

const METHODS = ['get', 'put', 'post', 'delete', 'patch'] as const

const HEAD = `/**
 * What the control plane answers, made from its OpenAPI document by \`npm run generate\`; held to it by
 * test/contract/client-types.test.ts. Not edited by hand.
 */
`

/** Throws when the document holds what it has no type for. */
export function typeText(document: unknown): string {
  const root = objectOf(toJson(document))
  const schemas = objectOf(objectOf(root['components'])['schemas'])
  const named = Object.entries(schemas)
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([name, schema]) => `export type ${name} = ${typeOf(schema, '')}\n`)
  const operations = Object.entries(objectOf(root['paths']))
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .flatMap(([path, item]) =>
      METHODS.filter((method) => objectOf(item)[method] !== undefined).map((method) =>
        operationText(method, path, objectOf(objectOf(item)[method])),
      ),
    )
  return `${HEAD}\n${named.join('\n')}\nexport interface Operations {\n${operations.join('')}}\n`
}

function operationText(method: string, path: string, operation: JsonObject): string {
  const parts = [
    ['path', parametersText(operation, 'path')],
    ['query', parametersText(operation, 'query')],
    ['body', bodyText(operation)],
    ['answer', answerText(operation)],
    ['lines', linesText(operation)],
  ]
  const text = parts.map(([name, type]) => `    readonly ${name}: ${type}\n`).join('')
  const summary = typeof operation['summary'] === 'string' ? `  /** ${operation['summary']} */\n` : ''
  return `${summary}  readonly '${method.toUpperCase()} ${path}': {\n${text}  }\n`
}

function parametersText(operation: JsonObject, where: string): string {
  const parameters = arrayOf(operation['parameters'])
    .map(objectOf)
    .filter((parameter) => parameter['in'] === where)
  if (parameters.length === 0) return 'Record<never, never>'
  const fields = parameters.map(
    (parameter) =>
      `readonly ${keyText(String(parameter['name']))}${parameter['required'] === true ? '' : '?'}: ${typeOf(parameter['schema'], '      ')}${parameter['required'] === true ? '' : ' | undefined'}`,
  )
  return `{ ${fields.join('; ')} }`
}

function bodyText(operation: JsonObject): string {
  const body = objectOf(operation['requestBody'])
  const schema = contentSchema(body, 'application/json')
  if (schema === null) return 'undefined'
  return body['required'] === true ? typeOf(schema, '    ') : `${typeOf(schema, '    ')} | undefined`
}

/** Of every good answer; `undefined` is one without a body. */
function answerText(operation: JsonObject): string {
  const good = goodAnswers(operation)
  const types = good.flatMap((answer) => {
    const schema = contentSchema(answer, 'application/json')
    if (schema !== null) return [typeOf(schema, '    ')]
    return Object.keys(objectOf(answer['content'])).length === 0 ? ['undefined'] : []
  })
  return types.length === 0 ? 'never' : [...new Set(types)].join(' | ')
}

/** What one line of an NDJSON export holds, or `never` where there is none. */
function linesText(operation: JsonObject): string {
  const types = goodAnswers(operation).flatMap((answer) => {
    const schema = contentSchema(answer, 'application/x-ndjson')
    return schema === null ? [] : [typeOf(schema, '    ')]
  })
  return types[0] ?? 'never'
}

function goodAnswers(operation: JsonObject): readonly JsonObject[] {
  return Object.entries(objectOf(operation['responses']))
    .filter(([status]) => status.startsWith('2'))
    .map(([, answer]) => objectOf(answer))
}

function contentSchema(holder: JsonObject, type: string): Json | null {
  const content = objectOf(holder['content'])[type]
  return content === undefined ? null : (objectOf(content)['schema'] ?? {})
}

function typeOf(schema: Json | undefined, indent: string): string {
  if (schema === undefined || schema === true) return 'unknown'
  const { $ref, oneOf, anyOf, allOf, enum: values, const: constant, type, ...rest } = objectOf(schema)
  if (typeof $ref === 'string') return $ref.split('/').at(-1) ?? 'unknown'
  const union = oneOf ?? anyOf
  if (union !== undefined) return unique(arrayOf(union).map((each) => typeOf(each, indent)))
  if (allOf !== undefined)
    return arrayOf(allOf)
      .map((each) => `(${typeOf(each, indent)})`)
      .join(' & ')
  if (constant !== undefined) return JSON.stringify(constant)
  if (values !== undefined) return unique(arrayOf(values).map((value) => JSON.stringify(value)))
  if (Array.isArray(type)) return unique(type.map((each) => typeOf({ ...rest, type: each }, indent)))
  return plainType(type, rest, indent)
}

function plainType(type: Json | undefined, schema: JsonObject, indent: string): string {
  switch (type) {
    case 'string':
    case 'boolean':
    case 'null':
      return type
    case 'integer':
    case 'number':
      return 'number'
    case 'array':
      return `readonly (${typeOf(schema['items'], indent)})[]`
    case 'object':
      return objectType(schema, indent)
    case undefined:
      return 'unknown'
    default:
      throw new Error(`no TypeScript for ${JSON.stringify(type)}`)
  }
}

function objectType(schema: JsonObject, indent: string): string {
  const required = new Set(arrayOf(schema['required'] ?? []))
  const inner = `${indent}  `
  const fields = Object.entries(objectOf(schema['properties'])).map(([name, of]) => {
    const optional = required.has(name) ? '' : '?'
    const type = `${typeOf(of, inner)}${optional && ' | undefined'}`
    return `${commentText(of, inner)}${inner}readonly ${keyText(name)}${optional}: ${type}\n`
  })
  const others = schema['additionalProperties']
  const isOpen = others !== undefined && others !== false
  if (fields.length === 0)
    return isOpen ? `{ readonly [key: string]: ${typeOf(others, inner)} }` : 'Record<string, unknown>'
  return `{\n${fields.join('')}${indent}}`
}

function commentText(schema: Json, indent: string): string {
  const description = objectOf(schema)['description']
  return typeof description === 'string' ? `${indent}/** ${description} */\n` : ''
}

function keyText(name: string): string {
  return /^[A-Za-z_]\w*$/.test(name) ? name : `'${name}'`
}

function unique(types: readonly string[]): string {
  return [...new Set(types)].join(' | ')
}

function toJson(value: unknown): Json {
  const text = JSON.stringify(value)
  return JSON.parse(text)
}

function objectOf(value: Json | undefined): JsonObject {
  return value !== null && typeof value === 'object' && !Array.isArray(value) ? (value as JsonObject) : {}
}

function arrayOf(value: Json | undefined): readonly Json[] {
  return Array.isArray(value) ? value : []
}
