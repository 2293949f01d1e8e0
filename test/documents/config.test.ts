/** docs/CONFIG.md has every key there is, in a config that can be used as it stands. */
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { configSchema } from '@aloft/shared/config/json-schema'
import { loadAgentConfig } from '@aloft/shared/config/load-agent-config'
import { parseSource } from '@aloft/shared/config/source'
import { describe, expect, it } from 'vitest'

const page = readFileSync(path.join(import.meta.dirname, '../../docs/CONFIG.md'), 'utf8')
const [, text = ''] = /```yaml\n([^`]+(?:`[^`\n]+`[^`]*)*)```/.exec(page) ?? []

/** KEY.KEY of a key and the one it is in: lists of one kind (static routes, excluded addresses) need each key once. */
function keysOfSchema(node: unknown, within: string): string[] {
  if (typeof node !== 'object' || node === null) return []
  const { properties = {}, items, anyOf = [] } = node as Node
  const own = Object.entries(properties).flatMap(([key, value]) => [
    `${within}.${key}`,
    ...keysOfSchema(value, key),
  ])
  return [...own, ...keysOfSchema(items, within), ...anyOf.flatMap((each) => keysOfSchema(each, within))]
}
interface Node {
  readonly properties?: Readonly<Record<string, unknown>>
  readonly items?: unknown
  readonly anyOf?: readonly unknown[]
}

function keysOfValue(value: unknown, within: string): string[] {
  if (Array.isArray(value)) return value.flatMap((each) => keysOfValue(each, within))
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, inner]) => [`${within}.${key}`, ...keysOfValue(inner, key)])
}

const alike = (keys: readonly string[]) =>
  [
    ...new Set(
      keys.map((key) => key.replace(/^excludedAddresses\./, 'addresses.').replace(/^vrrpFifo\./, 'fifo.')),
    ),
  ].sort()

describe('docs/CONFIG.md', () => {
  it('is a config that can be used, without a warning', () => {
    const loaded = loadAgentConfig(text)
    expect('config' in loaded ? loaded.warnings : loaded.diagnostics).toEqual([])
    expect(loaded).toMatchObject({ config: { node: 'lb1' } })
  })

  it('has every key that `aloft schema` has', () => {
    const known = alike(keysOfSchema(configSchema(), ''))
    expect(known.length).toBeGreaterThan(200)
    const source = parseSource(text)
    const value = 'value' in source ? source.value : null
    const shown = alike(keysOfValue(value, ''))
    expect(known.filter((key) => !shown.includes(key))).toEqual([])
    expect(shown.filter((key) => !known.includes(key))).toEqual([])
  })
})
