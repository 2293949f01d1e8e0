import { z } from 'zod'
import { parseDuration } from '../time/duration.ts'
import {
  ANNOUNCEMENT_DEFAULTS,
  type AnnouncementGroup,
  type AnnouncementSettings,
} from './announcements-config.ts'
import { interfaceName } from './interface-name.ts'
import { durationText, shaped, wholeNumber } from './schema-parts.ts'

/** Announcements of a virtual router, and their pace on the interfaces. */

const REPEAT_MAX = 100
const ALSO_ON = 'Further interfaces that hear every announcement, for example the one under a virtual MAC.'

export const Announcements = z
  .strictObject(
    {
      repeat: wholeNumber('repeat', 1, REPEAT_MAX)
        .optional()
        .describe(
          'How often each address is announced on becoming active, and again after `delay`. Default 5.',
        ),
      delay: durationText('delay', '5s')
        .optional()
        .describe('From becoming active to the second burst; 0s: no second burst. Default 5s.'),
      refresh: durationText('refresh', '60s')
        .optional()
        .describe('Time between announcements for as long as it stays active; 0s (the default): none.'),
      refreshRepeat: wholeNumber('refreshRepeat', 1, REPEAT_MAX)
        .optional()
        .describe('How often each address is announced then. Default 1.'),
      lowerPriorityRepeat: wholeNumber('lowerPriorityRepeat', 0, REPEAT_MAX)
        .optional()
        .describe(
          'How often each address is announced when an active router of lower priority is heard. Default: `repeat`.',
        ),
      lowerPriorityDelay: durationText('lowerPriorityDelay', '5s')
        .optional()
        .describe('From then to the second burst; 0s: no second burst. Default: `delay`.'),
      alsoOn: z
        .array(interfaceName('alsoOn'), {
          error: ({ input }) => shaped('alsoOn', 'a list', '[eth1]', input),
        })
        .optional()
        .describe(ALSO_ON),
      alsoOnInterval: durationText('alsoOnInterval', '60s')
        .optional()
        .describe('Time between announcements on those alone; 0s (the default): only with the others.'),
    },
    { error: ({ input }) => shaped('announcements', 'a map', '{ repeat: 5, delay: 5s }', input) },
  )
  .describe('Gratuitous ARP and unsolicited neighbour advertisements for the addresses.')
type AnnouncementsDocument = z.infer<typeof Announcements>

/** Keys that give a pace: of an interface, or of a group. */
export const PACE = {
  arpInterval: durationText('arpInterval', '1ms')
    .optional()
    .describe(
      'Shortest time between two gratuitous ARPs. The first of each address never waits. Default 0ms.',
    ),
  neighborAdvertisementInterval: durationText('neighborAdvertisementInterval', '1ms')
    .optional()
    .describe('The same for unsolicited neighbour advertisements. Default 0ms.'),
}

export const AnnouncementGroups = z
  .array(
    z.strictObject(
      {
        interfaces: z
          .array(interfaceName('interfaces'), {
            error: ({ input }) => shaped('interfaces', 'a list', '[eth0, eth1]', input),
          })
          .describe('Interfaces that share the pace.'),
        ...PACE,
      },
      {
        error: ({ input }) =>
          shaped('an announcement group', 'a map', '{ interfaces: [eth0, eth1], arpInterval: 1ms }', input),
      },
    ),
    {
      error: ({ input }) =>
        shaped('announcementGroups', 'a list', '[{ interfaces: [eth0, eth1], arpInterval: 1ms }]', input),
    },
  )
  .describe('Interfaces that end in the same slow network share one pace of announcements.')

interface Written {
  readonly announcements?: AnnouncementsDocument | undefined
  readonly strict?: boolean
}

/** `strict`: the RFC has no announcements because of others' advertisements. */
export function resolveAnnouncements({ announcements: document, strict }: Written): AnnouncementSettings {
  const { repeat = ANNOUNCEMENT_DEFAULTS.repeat, delay, refresh, refreshRepeat } = document ?? {}
  const delayMs = ms(delay, ANNOUNCEMENT_DEFAULTS.delayMs)
  return {
    repeat,
    delayMs,
    refreshMs: ms(refresh, ANNOUNCEMENT_DEFAULTS.refreshMs),
    refreshRepeat: refreshRepeat ?? ANNOUNCEMENT_DEFAULTS.refreshRepeat,
    lowerPriorityRepeat: strict ? 0 : (document?.lowerPriorityRepeat ?? repeat),
    lowerPriorityDelayMs: ms(document?.lowerPriorityDelay, delayMs),
    alsoOn: document?.alsoOn ?? [],
    alsoOnIntervalMs: ms(document?.alsoOnInterval, 0),
  }
}

/** The pace of an interface or a group. */
export function resolvePace(written: { readonly [K in keyof typeof PACE]?: string | undefined }) {
  return {
    arpIntervalMs: ms(written.arpInterval, 0),
    neighborAdvertisementIntervalMs: ms(written.neighborAdvertisementInterval, 0),
  }
}

export function resolveAnnouncementGroups(
  document: z.infer<typeof AnnouncementGroups> | undefined,
): readonly AnnouncementGroup[] {
  return (document ?? []).map((group) => ({ interfaces: group.interfaces, ...resolvePace(group) }))
}

function ms(written: string | undefined, otherwise: number): number {
  return written === undefined ? otherwise : (parseDuration(written) ?? otherwise)
}
