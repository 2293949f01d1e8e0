import { describe, expect, it } from 'vitest'
import { findings, written } from './config-text.fixture.ts'
import { loadAgentConfig } from './load-agent-config.ts'
import { NOTIFICATION_DEFAULTS, NOTIFY_DEFAULTS } from './notify-config.ts'

function loaded(more: string) {
  const result = loadAgentConfig(written({ more }))
  if ('diagnostics' in result) throw new Error(result.diagnostics.map(({ message }) => message).join('\n'))
  return result.config
}

describe('notify', () => {
  it('tells nobody where the config says nothing', () => {
    const { virtualRouters, notifications } = loaded('')
    expect(virtualRouters[0]?.notify).toEqual(NOTIFY_DEFAULTS)
    expect(notifications).toEqual(NOTIFICATION_DEFAULTS)
  })

  it('keeps each program and its arguments apart', () => {
    const more =
      '    notify: { active: [/bin/up, "a b"], any: [/bin/all], user: nobody, timeout: 5s, email: false }'
    expect(loaded(more).virtualRouters[0]?.notify).toEqual({
      scripts: { active: ['/bin/up', 'a b'], any: ['/bin/all'] },
      user: 'nobody',
      group: null,
      timeoutMs: 5000,
      priorityChanges: false,
      email: false,
    })
  })

  it('notifications: pipes, mail and hooks are resolved with their defaults', () => {
    const { notifications } = loaded(
      'notifications: { fifo: { path: /run/f }, vrrpFifo: { path: /run/v, mode: "0640", group: adm, script: [/bin/read] }, email: { server: mx, from: a@b.c, to: [d@e.f] }, startup: { command: [/bin/true] } }',
    )
    expect(notifications).toMatchObject({
      fifo: { path: '/run/f', mode: 0o600, user: null, group: null, script: null },
      vrrpFifo: { path: '/run/v', mode: 0o640, group: 'adm', script: ['/bin/read'] },
      email: { server: 'mx', port: 25, security: 'none', connectTimeoutMs: 30_000, label: null },
      startup: { command: ['/bin/true'], timeoutMs: 10_000 },
      shutdown: null,
      statesOnReload: false,
    })
  })
})

// biome-ignore format: one case a line
const mistakes: readonly (readonly [what: string, more: string, expected: readonly string[]])[] = [
  ['a command line for a shell', '    notify: { active: /bin/up now }', ['7:23 error wrong-type active must be a list, not "/bin/up now" | for example [/usr/local/bin/moved, --fast]']],
  ['a program that PATH would have to find', '    notify: { active: [up] }', ['7:24 error bad-value active must be the absolute path of a program, not "up" | for example /usr/local/bin/moved']],
  ['no program at all', '    notify: { active: [] }', ['7:23 error missing-key active is missing | add `active: /usr/local/bin/moved`']],
  ['keepalived’s word for active', '    notify: { master: [/bin/up] }', ['7:15 error unknown-key unknown key master | known here: active, backup, fault, stopped, deleted, any, lowerPriorityHeard, user, group, timeout, priorityChanges, email']],
  ['a pipe without a path', 'notifications: { fifo: {} }', ['7:24 error missing-key path is missing | add `path: /run/aloft/notify`']],
  ['the same pipe twice', 'notifications: { fifo: { path: /f }, vrrpFifo: { path: /f } }', ['7:56 error duplicate-fifo fifo and vrrpFifo are the same pipe, /f | fifo hears everything that vrrpFifo does; remove one']],
  ['permissions that are none', 'notifications: { fifo: { path: /f, mode: "0999" } }', ['7:42 error bad-value mode must be permissions in octal, not "0999" | for example "0600"']],
  ['a mail address that is none', 'notifications: { email: { server: mx, from: noc, to: [a@b] } }', ['7:45 error bad-value from must be a mail address, not "noc" | for example noc@example.org']],
  ['an account without a password', 'notifications: { email: { server: mx, from: a@b, to: [a@b], security: tls, username: u } }', ['7:86 error email-credentials username has no passwordFile | add passwordFile: /etc/aloft/mail-password']],
  ['a password in clear text', 'notifications: { email: { server: mx, from: a@b, to: [a@b], username: u, passwordFile: /p } }', ['7:71 warning email-credentials the password is sent in clear text | write security: starttls or tls']],
]

describe('a mistake in notify or notifications', () => {
  it.each(mistakes)('%s', (_, more, expected) => expect(findings(written({ more }))).toEqual(expected))
})
