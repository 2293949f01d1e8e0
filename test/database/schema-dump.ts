import type { OpenDatabase } from '@aloft/control-plane/database/client'

type Sql = OpenDatabase['sql']

/**
 * The public schema as SQL that makes it again, in one order, and the same from PostgreSQL 15 and 18 (`pg_dump` refuses
 * servers newer than itself and changes its output with its version). Of partitions only the default ones are in it:
 * which days there are depends on the day.
 */
export async function dumpSchema(sql: Sql): Promise<string> {
  const parts = [
    await sequences(sql),
    await tables(sql),
    await defaultPartitions(sql),
    await ownedBy(sql),
    await constraints(sql),
    await indexes(sql),
    await functions(sql),
    await triggers(sql),
  ]
  return `${parts.flat().join('\n')}\n`
}

async function sequences(sql: Sql): Promise<string[]> {
  const rows = await sql`
    select c.relname as name from pg_class c where c.relkind = 'S' and c.relnamespace = 'public'::regnamespace order by 1`
  return rows.map(({ name }) => `create sequence ${name};`)
}

async function tables(sql: Sql): Promise<string[]> {
  const rows = await sql`
    select c.relname as table, a.attname as name, format_type(a.atttypid, a.atttypmod) as type, a.attnotnull as required,
      pg_get_expr(d.adbin, d.adrelid) as default
    from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
    where c.relkind in ('r', 'p') and not c.relispartition and c.relnamespace = 'public'::regnamespace
    order by c.relname, a.attnum`
  const columns = new Map<string, string[]>()
  for (const { table, name, type, required, default: value } of rows) {
    const own = columns.get(table) ?? []
    columns.set(table, own)
    own.push(`  ${name} ${type}${value === null ? '' : ` default ${value}`}${required ? ' not null' : ''}`)
  }
  const keys = await partitionKeys(sql)
  return [...columns].map(
    ([table, lines]) => `\ncreate table ${table} (\n${lines.join(',\n')}\n)${keys.get(table) ?? ''};`,
  )
}

async function partitionKeys(sql: Sql): Promise<ReadonlyMap<string, string>> {
  const rows = await sql`
    select p.partrelid::regclass::text as table, pg_get_partkeydef(p.partrelid) as key from pg_partitioned_table p`
  return new Map(rows.map((row) => [row['table'], ` partition by ${row['key']}`]))
}

async function defaultPartitions(sql: Sql): Promise<string[]> {
  const rows = await sql`
    select partrelid::regclass::text as table, partdefid::regclass::text as name from pg_partitioned_table
    where partdefid <> 0 order by 1`
  return ['', ...rows.map(({ table, name }) => `create table ${name} partition of ${table} default;`)]
}

async function ownedBy(sql: Sql): Promise<string[]> {
  const rows = await sql`
    select s.relname as name, t.relname as table, a.attname as column
    from pg_depend d join pg_class s on s.oid = d.objid and s.relkind = 'S'
    join pg_class t on t.oid = d.refobjid join pg_attribute a on a.attrelid = t.oid and a.attnum = d.refobjsubid
    where d.deptype = 'a' and s.relnamespace = 'public'::regnamespace order by 1`
  return ['', ...rows.map(({ name, table, column }) => `alter sequence ${name} owned by ${table}.${column};`)]
}

/** Primary keys first, for foreign keys need what they refer to. `not null` is a constraint of its own from 18 on. */
async function constraints(sql: Sql): Promise<string[]> {
  const rows = await sql`
    select c.conrelid::regclass::text as table, c.conname as name, pg_get_constraintdef(c.oid) as definition
    from pg_constraint c
    left join pg_partitioned_table d on d.partdefid = c.conrelid
    where c.connamespace = 'public'::regnamespace and c.contype in ('p', 'u', 'c', 'f')
      and (d.partrelid is not null or not (select relispartition from pg_class where oid = c.conrelid))
    order by array_position(array['p', 'u', 'c', 'f'], c.contype::text), 1, 2`
  return [
    '',
    ...rows.map(
      ({ table, name, definition }) => `alter table ${table} add constraint ${name} ${definition};`,
    ),
  ]
}

async function indexes(sql: Sql): Promise<string[]> {
  const rows = await sql`
    select pg_get_indexdef(i.indexrelid) as definition from pg_index i join pg_class c on c.oid = i.indexrelid
    where c.relnamespace = 'public'::regnamespace and not c.relispartition
      and not exists (select 1 from pg_constraint k where k.conindid = i.indexrelid)
    order by 1`
  return ['', ...rows.map(({ definition }) => `${definition};`)]
}

async function functions(sql: Sql): Promise<string[]> {
  const rows = await sql`
    select pg_get_functiondef(p.oid) as definition from pg_proc p
    where p.pronamespace = 'public'::regnamespace order by p.proname`
  return ['', ...rows.map(({ definition }) => `${definition.trimEnd()};`)]
}

async function triggers(sql: Sql): Promise<string[]> {
  const rows = await sql`
    select pg_get_triggerdef(g.oid) as definition
    from pg_trigger g join pg_class c on c.oid = g.tgrelid
    where c.relnamespace = 'public'::regnamespace and not g.tgisinternal and g.tgparentid = 0
    order by c.relname, g.tgname`
  return ['', ...rows.map(({ definition }) => `${definition};`)]
}
