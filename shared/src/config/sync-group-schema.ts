import { z } from 'zod'
import { Notify } from './notify-schema.ts'
import { named, onOff, shaped } from './schema-parts.ts'
import { TrackDocument } from './tracking-schema.ts'

const EXAMPLE = '{ name: gateway, members: [inside, outside] }'

const SyncGroupDocument = z.strictObject(
  {
    name: named('name', 'gateway').describe('Name of the group.'),
    members: z
      .array(named('members', 'inside'), {
        error: ({ input }) => shaped('members', 'a list', '[inside, outside]', input),
      })
      .describe('Names of the virtual routers that are active together or not at all.'),
    track: TrackDocument.default([]),
    trackWeights: onOff('trackWeights')
      .default(false)
      .describe('Whether weighted trackers move the priorities of members; otherwise they are ignored.'),
    notify: Notify.optional(),
  },
  { error: ({ input }) => shaped('a sync group', 'a map', EXAMPLE, input) },
)
export type SyncGroupDocument = z.infer<typeof SyncGroupDocument>

/** The key that a document gains by this topic. */
export const syncGroupKeys = {
  syncGroups: z
    .array(SyncGroupDocument, { error: ({ input }) => shaped('syncGroups', 'a list', `[${EXAMPLE}]`, input) })
    .default([])
    .describe('Virtual routers that are active together or not at all.'),
}
