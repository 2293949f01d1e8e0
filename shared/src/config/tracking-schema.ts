import { z } from 'zod'
import { PACE } from './announcements-schema.ts'
import { writeRefusal } from './refusal.ts'
import { durationText, named, oneOf, shaped, text, wholeNumber } from './schema-parts.ts'

/** `trackers:`, `track:` and the delays of `interfaces:`, as they are written. keepalived's own: §1.3, §1.9. */

const WEIGHT_MAX = 253
/** A file's number may fault a router by itself: 254 takes the highest priority there is below the lowest. */
const FILE_WEIGHT_MAX = 254

const switchText = (key: string) => z.boolean({ error: ({ input }) => oneOf(key, ['true', 'false'], input) })

const Weight = wholeNumber('weight', -WEIGHT_MAX, WEIGHT_MAX)
const weightText =
  'Weight 0: failing is a fault. Above 0: added to the priority while it is well. Below: taken away while it fails.'

const absolute = (key: string, example: string) =>
  text({
    key,
    accepts: (value) => value.startsWith('/') && value.length < 4096 && !/[\0\n]/.test(value),
    wants: 'an absolute path',
    example,
    pattern: '^/',
  })

const AccountName = (key: string, example: string) =>
  text({
    key,
    accepts: (value) => /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,31}\$?$/.test(value),
    wants: 'the name or number of an account',
    example,
  })

const Word = z
  .string({ error: ({ input }) => shaped('each word of it', 'text', '"-x"', input) })
  .refine((value) => !value.includes('\0'), { error: () => shaped('each word of it', 'text', '"-x"', '\0') })

const emptyCommand = writeRefusal({
  code: 'no-command',
  message: 'command is empty; it needs at least a program',
  hint: 'for example [/usr/bin/pgrep, -x, haproxy]',
})

const relativeProgram = writeRefusal({
  code: 'relative-program',
  message: 'command must begin with the absolute path of a program; it is run without a shell',
  hint: 'for example [/usr/bin/pgrep, -x, haproxy]',
})

/** A program with its arguments, run without a shell. */
export const Command = z
  .array(Word, {
    error: ({ input }) => shaped('command', 'a list of words', '[/usr/bin/pgrep, -x, haproxy]', input),
  })
  .min(1, { error: () => emptyCommand })
  .refine(([program]) => program === undefined || program.startsWith('/'), { error: () => relativeProgram })
  .describe('Absolute path of the program, then its arguments. There is no shell.')

const ScriptDocument = z.strictObject(
  {
    name: named('name', 'haproxy').describe('Name that `track` uses.'),
    command: Command,
    interval: durationText('interval', '1s').default('1s').describe('Time between two runs. 10ms to 24h.'),
    timeout: durationText('timeout', '1s')
      .optional()
      .describe('How long a run may last; default: the interval. Its process group is then ended.'),
    rise: wholeNumber('rise', 1, 1000)
      .default(1)
      .describe('Good runs in a row until it is well again. After the start one is enough.'),
    fall: wholeNumber('fall', 1, 1000).default(1).describe('Bad runs in a row until it has failed.'),
    weight: Weight.default(0).describe(`${weightText} \`track\` may give another.`),
    reverse: switchText('reverse').default(false).describe('Exchange well and failing.'),
    initially: z
      .literal(['unknown', 'failed'], {
        error: ({ input }) => oneOf('initially', ['unknown', 'failed'], input),
      })
      .default('unknown')
      .describe('What holds until the first run has ended.'),
    user: AccountName('user', 'nobody').optional().describe('Account it runs as; default: the agent’s own.'),
    group: AccountName('group', 'nogroup').optional().describe('Group it runs as; default: the user’s own.'),
    supplementaryGroups: switchText('supplementaryGroups')
      .default(false)
      .describe('Take on the other groups of the user as well; otherwise it has none.'),
  },
  {
    error: ({ input }) =>
      shaped('a script', 'a map', '{ name: haproxy, command: [/usr/bin/pgrep, -x, haproxy] }', input),
  },
)

const FileDocument = z.strictObject(
  {
    name: named('name', 'drain').describe('Name that `track` uses.'),
    path: absolute('path', '/run/drain').describe(
      'File that holds one whole number. Where it is missing, 0.',
    ),
    weight: wholeNumber('weight', -FILE_WEIGHT_MAX, FILE_WEIGHT_MAX)
      .default(1)
      .describe(
        'The number times the weight is added to the priority; -254 or less is a fault. Weight 0: any number but 0 is a fault.',
      ),
    reverse: switchText('reverse')
      .default(false)
      .describe('Turn the sign of the number; with weight 0: 0 is the fault.'),
    initial: z
      .strictObject(
        {
          value: wholeNumber('value', -FILE_WEIGHT_MAX, FILE_WEIGHT_MAX)
            .default(0)
            .describe('The number to write.'),
          overwrite: switchText('overwrite')
            .default(false)
            .describe('Also where there is a file, at every start of the agent.'),
        },
        { error: ({ input }) => shaped('initial', 'a map', '{ value: 0 }', input) },
      )
      .optional()
      .describe('Write the file when the agent starts and there is none.'),
  },
  { error: ({ input }) => shaped('a file', 'a map', '{ name: drain, path: /run/drain }', input) },
)

const ProcessDocument = z.strictObject(
  {
    name: named('name', 'bird').describe('Name that `track` uses.'),
    command: text({
      key: 'command',
      accepts: (value) => value.length > 0 && !value.includes('\0'),
      wants: 'the name of a program',
      example: 'bird',
    }).describe(
      'Name of the process as `ps -o comm` shows it, or with fullCommand the first word of its command line.',
    ),
    arguments: z
      .array(Word, {
        error: ({ input }) => shaped('arguments', 'a list of words', '[-c, /etc/bird.conf]', input),
      })
      .optional()
      .describe('The arguments it must have.'),
    match: z
      .literal(['exact', 'initial', 'partial'], {
        error: ({ input }) => oneOf('match', ['exact', 'initial', 'partial'], input),
      })
      .default('exact')
      .describe(
        '`exact`: these arguments and no more; `initial`: these first; `partial`: the last of these only begins so.',
      ),
    fullCommand: switchText('fullCommand')
      .default(false)
      .describe('Compare `command` with the command line instead of the kernel’s name.'),
    quorum: wholeNumber('quorum', 1, 65_535).default(1).describe('How many must run.'),
    quorumMax: wholeNumber('quorumMax', 0, 65_535).optional().describe('How many may run.'),
    delay: durationText('delay', '1s')
      .default('0s')
      .describe('How long a change must last before it counts.'),
    forkDelay: durationText('forkDelay', '1s').optional().describe('The same, for becoming well only.'),
    terminateDelay: durationText('terminateDelay', '1s').optional().describe('The same, for failing only.'),
    weight: Weight.default(0).describe(`${weightText} \`track\` may give another.`),
    reverse: switchText('reverse').default(false).describe('Exchange well and failing.'),
  },
  { error: ({ input }) => shaped('a process', 'a map', '{ name: bird, command: bird }', input) },
)

const listOf = <T extends z.ZodType>(key: string, item: T, example: string) =>
  z.array(item, { error: ({ input }) => shaped(key, 'a list', `[${example}]`, input) }).default([])

export const TrackersDocument = z
  .strictObject(
    {
      scripts: listOf(
        'scripts',
        ScriptDocument,
        '{ name: haproxy, command: [/usr/bin/pgrep, -x, haproxy] }',
      ).describe('Programs run again and again: exit status 0 is well.'),
      files: listOf('files', FileDocument, '{ name: drain, path: /run/drain }').describe(
        'Files that hold a number.',
      ),
      processes: listOf('processes', ProcessDocument, '{ name: bird, command: bird }').describe(
        'Processes that must run.',
      ),
    },
    { error: ({ input }) => shaped('trackers', 'a map', '{ scripts: […] }', input) },
  )
  .describe('What is watched on this host besides its network.')
export type TrackersDocument = z.infer<typeof TrackersDocument>

const ONE_OF = ['interface', 'script', 'file', 'process', 'bfd'] as const

const notOne = writeRefusal({
  code: 'track-what',
  message: 'each line of track names exactly one interface, script, file, process or bfd session',
  hint: 'for example { script: haproxy, weight: -50 }',
})

export const TrackDocument = z
  .array(
    z
      .strictObject(
        {
          interface: text({
            key: 'interface',
            accepts: (value) => /^[^\s/:]{1,15}$/.test(value) && value !== '.' && value !== '..',
            wants: 'the name of a network interface: 1 to 15 characters, no space, slash or colon',
            example: 'eth1',
          })
            .optional()
            .describe('Network interface that must be up.'),
          script: named('script', 'haproxy').optional().describe('One of `trackers.scripts`.'),
          file: named('file', 'drain').optional().describe('One of `trackers.files`.'),
          process: named('process', 'bird').optional().describe('One of `trackers.processes`.'),
          bfd: named('bfd', 'core1').optional().describe('One of `bfd`.'),
          weight: wholeNumber('weight', -FILE_WEIGHT_MAX, FILE_WEIGHT_MAX)
            .optional()
            .describe(`-253 to 253 (files: 254); default: the tracker’s own. ${weightText}`),
          reverse: switchText('reverse')
            .optional()
            .describe('Exchange well and failing; default: the tracker’s own.'),
        },
        {
          error: ({ input }) => shaped('a line of track', 'a map', '{ script: haproxy, weight: -50 }', input),
        },
      )
      .refine((line) => ONE_OF.filter((key) => line[key] !== undefined).length === 1, {
        error: () => notOne,
      }),
    { error: ({ input }) => shaped('track', 'a list', '[{ script: haproxy, weight: -50 }]', input) },
  )
  .describe('What besides its own interface decides whether the router takes part, and with which priority.')
export type TrackDocument = z.infer<typeof TrackDocument>

export const InterfaceDocument = z.strictObject(
  {
    name: text({
      key: 'name',
      accepts: (value) => /^[^\s/:]{1,15}$/.test(value) && value !== '.' && value !== '..',
      wants: 'the name of a network interface: 1 to 15 characters, no space, slash or colon',
      example: 'eth0',
    }).describe('Network interface that these settings are for.'),
    upDelay: durationText('upDelay', '2s')
      .default('0s')
      .describe('How long it must be up before that counts. 0s to 255s.'),
    downDelay: durationText('downDelay', '2s')
      .default('0s')
      .describe('How long it must be down before that counts. 0s to 255s.'),
    ...PACE,
  },
  { error: ({ input }) => shaped('an interface', 'a map', '{ name: eth0, downDelay: 1s }', input) },
)
export type InterfaceDocument = z.infer<typeof InterfaceDocument>

/** The keys that a document gains by this topic. */
export const trackingKeys = {
  trackers: TrackersDocument.prefault({}),
  interfaces: z
    .array(InterfaceDocument, {
      error: ({ input }) => shaped('interfaces', 'a list', '[{ name: eth0, downDelay: 1s }]', input),
    })
    .default([])
    .describe('Settings of network interfaces, where they need any.'),
}

/** The keys that a virtual router gains by this topic. */
export const routerTrackingKeys = {
  track: TrackDocument.default([]),
  trackPrimary: switchText('trackPrimary')
    .default(true)
    .describe('Whether the router is in fault while its own interface is down.'),
}
