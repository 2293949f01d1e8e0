import { escapeHtml } from './pages.ts'

type Schema = { readonly [key: string]: unknown }

/** The fields of an object as a table; whatever is no object as its type. */
export function schemaTable(of: object): string {
  const schema: Schema = { ...of }
  const properties = Object.entries(schemaOf(schema['properties']))
  if (properties.length === 0) return `<p>${typeHtml(schema)}</p>`
  const required = new Set(Array.isArray(schema['required']) ? schema['required'] : [])
  const rows = properties.map(([name, each]) => {
    const field = schemaOf(each)
    const need = required.has(name) ? '' : ' <em>optional</em>'
    const about = typeof field['description'] === 'string' ? escapeHtml(field['description']) : ''
    return `<tr><td><code>${escapeHtml(name)}</code></td><td>${typeHtml(field)}${need}</td><td>${about}</td></tr>`
  })
  return `<table>${rows.join('')}</table>`
}

/** A type in a few words; named ones are links. */
export function typeHtml(of: object): string {
  const schema: Schema = { ...of }
  const ref = schema['$ref']
  if (typeof ref === 'string') {
    const name = escapeHtml(ref.split('/').at(-1) ?? '')
    return `<a href="#schema-${name}">${name}</a>`
  }
  const union = schema['oneOf'] ?? schema['anyOf']
  if (Array.isArray(union)) return unionHtml(union.map(schemaOf))
  if (Array.isArray(schema['enum']))
    return schema['enum'].map((value) => code(JSON.stringify(value))).join(' | ')
  if ('const' in schema) return code(JSON.stringify(schema['const']))
  const types = [schema['type']].flat().filter((type) => typeof type === 'string')
  return types.map((type) => plainHtml(type, schema)).join(' | ') || 'anything'
}

/** Events are told apart by their kind, and have too many fields for a line. */
function unionHtml(union: readonly Schema[]): string {
  const kinds = union.map((each) => schemaOf(schemaOf(each['properties'])['kind']))
  const isByKind = kinds.every((kind) => Array.isArray(kind['enum']))
  if (!isByKind) return union.map(typeHtml).join(' | ')
  const parts = union.map(
    (each, i) => `<details><summary>${typeHtml(kinds[i] ?? {})}</summary>${schemaTable(each)}</details>`,
  )
  return `by its <code>kind</code>:${parts.join('')}`
}

function plainHtml(type: string, schema: Schema): string {
  if (type === 'array') return `list of ${typeHtml(schemaOf(schema['items']))}`
  if (type === 'object') {
    const properties = Object.keys(schemaOf(schema['properties']))
    return properties.length === 0
      ? 'object'
      : `<details><summary>object</summary>${schemaTable(schema)}</details>`
  }
  const limits = [
    ['format', ''],
    ['minimum', '≥ '],
    ['maximum', '≤ '],
    ['default', 'usually '],
    ['pattern', 'like '],
  ].flatMap(([key = '', word]) => (schema[key] === undefined ? [] : [`${word}${String(schema[key])}`]))
  return escapeHtml(limits.length === 0 ? type : `${type} (${limits.join(', ')})`)
}

function code(text: string): string {
  return `<code>${escapeHtml(text)}</code>`
}

function schemaOf(value: unknown): Schema {
  return typeof value === 'object' && value !== null ? { ...value } : {}
}
