import { LABEL } from '@aloft/shared/api/schemas'
import { z } from '@hono/zod-openapi'

const one = z
  .string()
  .regex(LABEL, 'KEY=VALUE, as the enrolment token gave it')
  .transform((text): readonly [string, string] => {
    const at = text.indexOf('=')
    return [text.slice(0, at), text.slice(at + 1)]
  })

/** `?label=rack=7`, as often as wanted: agents that have all of them. */
export const labelFilter = {
  label: z
    .union([one.transform((label) => [label]), z.array(one)])
    .optional()
    .transform((labels) => (labels === undefined ? undefined : Object.fromEntries(labels)))
    .openapi({
      type: 'array',
      items: { type: 'string', pattern: LABEL.source },
      description: 'KEY=VALUE; repeated, agents that have all of them.',
    }),
}
