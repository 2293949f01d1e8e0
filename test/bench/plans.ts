import type { OpenDatabase } from '@aloft/control-plane/database/client'

/** A node of `explain (format json)`, as far as its shape goes. */
interface PlanNode {
  readonly 'Node Type': string
  readonly 'Relation Name'?: string
  readonly 'Index Name'?: string
  readonly Plans?: readonly PlanNode[]
}

interface Names {
  /** Of a day's partition or its index: what it is called in all of them. */
  readonly common: ReadonlyMap<string, string>
  /** Days to come and days that are not whole: how so few rows are looked through says nothing. */
  readonly partial: ReadonlySet<string>
}

/** How PostgreSQL goes about everything that one question asks of it, some of it side by side: a tree for each query. */
export async function plansOf(
  { sql }: Pick<OpenDatabase, 'sql'>,
  ask: () => Promise<unknown>,
): Promise<string> {
  const queries = await queriesOf(sql, ask)
  const names = await namesOf(sql)
  const trees: string[] = []
  for (const { text, params } of queries) {
    const [row] = await sql.unsafe(`explain (format json) ${text}`, params)
    trees.push(shapeOf(row?.['QUERY PLAN'][0].Plan, names).join('\n'))
  }
  return `${trees
    .filter((tree) => tree !== '')
    .sort()
    .join('\n\n')}\n`
}

type Unsafe = OpenDatabase['sql']['unsafe']
interface Query {
  readonly text: string
  readonly params: Parameters<Unsafe>[1]
}

/** What is sent through this client while `ask` runs: drizzle sends everything with `unsafe`. */
async function queriesOf(sql: OpenDatabase['sql'], ask: () => Promise<unknown>): Promise<readonly Query[]> {
  const queries: Query[] = []
  const unsafe = sql.unsafe
  const listening = ((text, params, options) => {
    queries.push({ text, params })
    return unsafe(text, params, options)
  }) as Unsafe
  sql.unsafe = listening
  try {
    await ask()
  } finally {
    sql.unsafe = unsafe
  }
  return queries
}

/** Tables that grow with the fleet and not with its history: how they are read and joined follows from their size alone. */
const SMALL = new Set([
  'agents',
  'agent_boots',
  'agent_epochs',
  'agent_sessions',
  'availability_routers',
  'sites',
  'virtual_routers',
  'virtual_router_members',
])

/** What is told of the way from a table to the answer, besides how the table is read. */
const TOLD = /^(Limit|Sort|Incremental Sort|Append|Merge Append)$/

/**
 * How each table that grows with history is read, and what is done with its rows: sorted, merged, cut off. No costs,
 * no counts, the days of `events` as one.
 */
function shapeOf(node: PlanNode, names: Names): string[] {
  const relation = node['Relation Name']
  if (relation !== undefined) return readingOf(node, relation, names)
  const parts = (node.Plans ?? [])
    .filter((part) => !names.partial.has(part['Relation Name'] ?? ''))
    .map((part) => shapeOf(part, names))
    .filter((part) => part.length > 0)
  const type = node['Node Type']
  const shown = type.endsWith('Append')
    ? [...new Set(parts.map((part) => part.join('\n')))].sort().map((part) => part.split('\n'))
    : parts
  const lines = shown.flat()
  return TOLD.test(type) && lines.length > 0 ? [type, ...lines.map((line) => `  ${line}`)] : lines
}

function readingOf(node: PlanNode, relation: string, { common }: Names): string[] {
  const table = common.get(relation) ?? relation
  if (SMALL.has(table)) return []
  const indexes = indexesOf(node).map((index) => common.get(index) ?? index)
  return [indexes.length === 0 ? `all of ${table}` : `${table} by ${indexes.join(' and ')}`]
}

/** An index is read in its order or as a bitmap; which of them is a question of numbers. */
function indexesOf(node: PlanNode): string[] {
  const own = node['Index Name']
  return [...(own === undefined ? [] : [own]), ...(node.Plans ?? []).flatMap(indexesOf)]
}

async function namesOf(sql: OpenDatabase['sql']): Promise<Names> {
  const parts = await sql<{ name: string; parent: string; partial: boolean }[]>`
    select c.relname as name, p.relname as parent,
      c.relkind = 'r' and c.reltuples < 0.5 * max(c.reltuples) over (partition by i.inhparent) as partial
    from pg_inherits i join pg_class c on c.oid = i.inhrelid join pg_class p on p.oid = i.inhparent`
  return {
    common: new Map(parts.map(({ name, parent }) => [name, parent] as const)),
    partial: new Set(parts.filter(({ partial }) => partial).map(({ name }) => name)),
  }
}
