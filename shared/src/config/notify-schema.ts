import { z } from 'zod'
import { parseDuration } from '../time/duration.ts'
import {
  type CommandLine,
  type EmailSettings,
  type FifoSettings,
  NOTIFICATION_DEFAULTS,
  NOTIFIED,
  NOTIFY_DEFAULTS,
  type NotificationSettings,
  type NotifySettings,
  type ProcessHook,
} from './notify-config.ts'
import { durationText, named, oneOf, shaped, text, wholeNumber } from './schema-parts.ts'

const COMMAND_EXAMPLE = '[/usr/local/bin/moved, --fast]'

/** A program by its absolute path, so that no PATH decides which one runs. */
function command(key: string) {
  const error = ({ input }: { readonly input?: unknown }) => shaped(key, 'a list', COMMAND_EXAMPLE, input)
  const program = text({
    key,
    accepts: (value) => /^\/./.test(value),
    wants: 'the absolute path of a program',
    example: '/usr/local/bin/moved',
  })
  const argument = text({ key, accepts: (value) => !value.includes('\0'), wants: 'text', example: '--fast' })
  return z.tuple([program], argument, { error })
}

const account = (key: string) => named(key, key === 'user' ? 'keepalived_script' : 'nogroup')

export const Notify = z
  .strictObject(
    {
      active: command('active').optional().describe('Run when it became active.'),
      backup: command('backup').optional().describe('Run when it became backup.'),
      fault: command('fault').optional().describe('Run when it may not take part any more.'),
      stopped: command('stopped').optional().describe('Run when the agent stops taking part.'),
      deleted: command('deleted')
        .optional()
        .describe('Run when the config no longer has it; without this, that is told as a fault.'),
      any: command('any')
        .optional()
        .describe(
          'Run at each of these, with four more arguments: INSTANCE or GROUP, the name, MASTER, BACKUP, FAULT, STOP or DELETED, and the priority.',
        ),
      lowerPriorityHeard: command('lowerPriorityHeard')
        .optional()
        .describe('Run when, being active, it hears an active router of lower priority.'),
      user: account('user').optional().describe('User that runs them; default: that of `notifications`.'),
      group: account('group').optional().describe('Group that runs them; default: that of the user.'),
      timeout: durationText('timeout', '30s')
        .optional()
        .describe('After which a script is ended, so that the next one can run. Default 30s.'),
      priorityChanges: z
        .boolean({ error: ({ input }) => oneOf('priorityChanges', ['true', 'false'], input) })
        .optional()
        .describe('Whether the pipes are told of a priority that changed within a state. Default false.'),
      email: z
        .boolean({ error: ({ input }) => oneOf('email', ['true', 'false'], input) })
        .optional()
        .describe(
          'Whether state changes are mailed, where `notifications.email` says to whom. Default true.',
        ),
    },
    { error: ({ input }) => shaped('notify', 'a map', `{ active: ${COMMAND_EXAMPLE} }`, input) },
  )
  .describe('Programs told of changes: in order, one at a time, each state once. No shell.')
type NotifyDocument = z.infer<typeof Notify>

const Fifo = z
  .strictObject(
    {
      path: text({
        key: 'path',
        accepts: (value) => /^\/./.test(value),
        wants: 'an absolute path',
        example: '/run/aloft/notify',
      }).describe('Path of the named pipe; made when it is not there.'),
      user: account('user').optional().describe('Owner; default: the user of the agent.'),
      group: account('group').optional().describe('Group; default: that of the agent.'),
      mode: text({
        key: 'mode',
        accepts: (value) => /^0?[0-7]{3}$/.test(value),
        wants: 'permissions in octal',
        example: '"0600"',
      })
        .optional()
        .describe('Permissions in octal, in quotes. Default "0600".'),
      script: command('script')
        .optional()
        .describe('Program that reads the pipe, kept running; the path of the pipe is appended.'),
    },
    { error: ({ input }) => shaped('fifo', 'a map', '{ path: /run/aloft/notify }', input) },
  )
  .describe('A named pipe that is told one line for each change.')

const host = text({
  key: 'server',
  accepts: (value) => /^[A-Za-z0-9.:-]+$/.test(value),
  wants: 'a host name or an IP address',
  example: 'mail.example.org',
})
const mailbox = (key: string) =>
  text({
    key,
    accepts: (value) => /^[^\s@<>,]+@[^\s@<>,]+$/.test(value),
    wants: 'a mail address',
    example: 'noc@example.org',
  })

const Email = z
  .strictObject(
    {
      server: host.describe('Mail server.'),
      port: wholeNumber('port', 1, 65_535).optional().describe('Its port. Default 25.'),
      from: mailbox('from').describe('Sender.'),
      to: z
        .array(mailbox('to'), { error: ({ input }) => shaped('to', 'a list', '[noc@example.org]', input) })
        .min(1, { error: ({ input }) => shaped('to', 'a list of at least one', '[noc@example.org]', input) })
        .describe('Recipients.'),
      helo: text({
        key: 'helo',
        accepts: (value) => /^\S+$/.test(value),
        wants: 'a host name',
        example: 'lb1.example.org',
      })
        .optional()
        .describe('Name the server is greeted with; default: the name of this host.'),
      connectTimeout: durationText('connectTimeout', '30s')
        .optional()
        .describe('How long the server may take to answer. Default 30s.'),
      label: text({ key: 'label', accepts: (value) => value.length > 0, wants: 'text', example: 'lb1' })
        .optional()
        .describe('What the subject begins with, in brackets; default: the name of the node.'),
      security: z
        .literal(['none', 'starttls', 'tls'], {
          error: ({ input }) => oneOf('security', ['none', 'starttls', 'tls'], input),
        })
        .optional()
        .describe('`starttls` and `tls` send nothing in clear text. Default none.'),
      username: text({ key: 'username', accepts: (value) => value.length > 0, wants: 'text', example: 'lb1' })
        .optional()
        .describe('Account at the server.'),
      passwordFile: text({
        key: 'passwordFile',
        accepts: (value) => /^\/./.test(value),
        wants: 'an absolute path',
        example: '/etc/aloft/mail-password',
      })
        .optional()
        .describe('File that holds its password, on one line.'),
    },
    {
      error: ({ input }) =>
        shaped(
          'email',
          'a map',
          '{ server: mail.example.org, from: lb1@example.org, to: [noc@example.org] }',
          input,
        ),
    },
  )
  .describe('Mail for each state change.')

const Hook = (when: string) =>
  z
    .strictObject(
      {
        command: command('command').describe('The program and its arguments.'),
        timeout: durationText('timeout', '10s').optional().describe('After which it is ended. Default 10s.'),
      },
      { error: ({ input }) => shaped(when, 'a map', '{ command: [/usr/local/bin/prepare] }', input) },
    )
    .describe(
      `Program that is run, and waited for, ${when === 'startup' ? 'before the agent takes part' : 'after it has stopped'}.`,
    )

export const Notifications = z
  .strictObject(
    {
      fifo: Fifo.optional(),
      vrrpFifo: Fifo.optional(),
      statesOnReload: z
        .boolean({ error: ({ input }) => oneOf('statesOnReload', ['true', 'false'], input) })
        .optional()
        .describe('Whether the pipes are told every state again after a reload. Default false.'),
      email: Email.optional(),
      user: account('user').optional().describe('User that runs scripts which name none.'),
      group: account('group').optional().describe('Group that runs scripts which name none.'),
      startup: Hook('startup').optional(),
      shutdown: Hook('shutdown').optional(),
    },
    {
      error: ({ input }) => shaped('notifications', 'a map', '{ fifo: { path: /run/aloft/notify } }', input),
    },
  )
  .describe('Whom this host tells, beside the control plane.')
type NotificationsDocument = z.infer<typeof Notifications>

export function resolveNotify(document: NotifyDocument | undefined): NotifySettings {
  if (document === undefined) return NOTIFY_DEFAULTS
  const scripts: { [K in (typeof NOTIFIED)[number]]?: CommandLine } = {}
  for (const when of NOTIFIED) {
    const written = document[when]
    if (written !== undefined) scripts[when] = written
  }
  return {
    scripts,
    user: document.user ?? null,
    group: document.group ?? null,
    timeoutMs: ms(document.timeout, NOTIFY_DEFAULTS.timeoutMs),
    priorityChanges: document.priorityChanges ?? NOTIFY_DEFAULTS.priorityChanges,
    email: document.email ?? NOTIFY_DEFAULTS.email,
  }
}

export function resolveNotifications(document: NotificationsDocument | undefined): NotificationSettings {
  if (document === undefined) return NOTIFICATION_DEFAULTS
  return {
    fifo: resolveFifo(document.fifo),
    vrrpFifo: resolveFifo(document.vrrpFifo),
    statesOnReload: document.statesOnReload ?? false,
    email: resolveEmail(document.email),
    user: document.user ?? null,
    group: document.group ?? null,
    startup: resolveHook(document.startup),
    shutdown: resolveHook(document.shutdown),
  }
}

function resolveFifo(document: NotificationsDocument['fifo']): FifoSettings | null {
  if (document === undefined) return null
  const { path, user = null, group = null, mode = '0600', script = null } = document
  return { path, user, group, mode: Number.parseInt(mode, 8), script }
}

function resolveEmail(document: NotificationsDocument['email']): EmailSettings | null {
  if (document === undefined) return null
  const { server, port = 25, from, to, helo = null, label = null, security = 'none' } = document
  const { username = null, passwordFile = null } = document
  const connectTimeoutMs = ms(document.connectTimeout, 30_000)
  return { server, port, from, to, helo, connectTimeoutMs, label, security, username, passwordFile }
}

function resolveHook(document: NotificationsDocument['startup']): ProcessHook | null {
  return document === undefined
    ? null
    : { command: document.command, timeoutMs: ms(document.timeout, 10_000) }
}

function ms(written: string | undefined, otherwise: number): number {
  return written === undefined ? otherwise : (parseDuration(written) ?? otherwise)
}
