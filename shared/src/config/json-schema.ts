import { z } from 'zod'
import { AgentDocument } from './schema.ts'

/** The JSON Schema (2020-12) of an agent's config, for editors: made from the schema `aloft check` itself uses. */
export function configSchema(): Record<string, unknown> {
  return {
    title: 'Aloft agent config',
    ...z.toJSONSchema(AgentDocument, { target: 'draft-2020-12', io: 'input' }),
  }
}
