import type { z } from 'zod'
import type { Path } from './diagnostic.ts'

type Kind = z.core.$ZodTypes

/**
 * The keys a map at that place may hold, as the schema says: what an unknown key there is compared with. Empty where
 * the schema knows no map.
 */
export function keysAt(schema: z.core.$ZodType, path: Path): readonly string[] {
  let found: readonly Kind[] = alternatives(schema)
  for (const part of path) found = found.flatMap((each) => below(each, part))
  return [...new Set(found.flatMap((each) => (each._zod.def.type === 'object' ? shapeKeys(each) : [])))]
}

function below(schema: Kind, part: string | number): readonly Kind[] {
  const { def } = schema._zod
  if (def.type === 'object') {
    const inner = def.shape[String(part)]
    return inner === undefined ? [] : alternatives(inner)
  }
  if (def.type === 'array') return alternatives(def.element)
  return def.type === 'record' ? alternatives(def.valueType) : []
}

/** The schemas a value may follow: unions opened, defaults and the like taken off. */
function alternatives(schema: z.core.$ZodType): readonly Kind[] {
  // `as`: zod's own name for "any of its schemas"; a `$ZodType` says nothing of its definition.
  const { def } = (schema as Kind)._zod
  if (def.type === 'union') return def.options.flatMap(alternatives)
  if ('innerType' in def) return alternatives(def.innerType)
  if (def.type === 'pipe') return alternatives(def.in)
  return [schema as Kind]
}

function shapeKeys(schema: Kind): readonly string[] {
  const { def } = schema._zod
  return def.type === 'object' ? Object.keys(def.shape) : []
}
