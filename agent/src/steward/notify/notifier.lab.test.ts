/** Real scripts, pipes and mail servers, and a teller that is killed while it tells. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import type { AddressInfo } from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { AGENT_DEFAULTS, type AgentConfig, ROUTER_DEFAULTS } from '@aloft/shared/config/agent-config'
import {
  type EmailSettings,
  NOTIFY_DEFAULTS,
  type NotificationSettings,
  type NotifySettings,
} from '@aloft/shared/config/notify-config'
import { knownAddress } from '@aloft/shared/network/address'
import type { EventBody } from '@aloft/shared/protocol/events'
import { SMTPServer, type SMTPServerOptions } from 'smtp-server'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

let root = ''
let written = 0
let teller: ChildProcess | null = null
let observed: EventBody[] = []
const readers: ChildProcess[] = []
const servers: SMTPServer[] = []

beforeEach(() => {
  root = mkdtempSync(path.join(os.tmpdir(), 'aloft-notify-'))
  mkdirSync(path.join(root, 'state', 'journal'), { recursive: true })
  written = 0
  observed = []
})
afterEach(async () => {
  await end('SIGKILL')
  for (const reader of readers.splice(0)) reader.kill('SIGKILL')
  for (const server of servers.splice(0)) await new Promise<void>((resolve) => server.close(() => resolve()))
  rmSync(root, { recursive: true })
})

const at = (name: string) => path.join(root, name)
const linesOf = (name: string) =>
  existsSync(at(name)) ? readFileSync(at(name), 'utf8').split('\n').filter(Boolean) : []

function script(name: string, text: string): string {
  writeFileSync(at(name), `#!/bin/sh\n${text}\n`)
  chmodSync(at(name), 0o755)
  return at(name)
}

function config(
  notify: Partial<NotifySettings> = {},
  notifications: Partial<NotificationSettings> = {},
  names = ['web'],
): AgentConfig {
  const address = { address: knownAddress('192.0.2.100'), prefixLength: 24 }
  return {
    ...AGENT_DEFAULTS,
    node: 'lb1',
    notifications: { ...AGENT_DEFAULTS.notifications, ...notifications },
    virtualRouters: names.map((name, i) => ({
      ...ROUTER_DEFAULTS,
      ...{ name, interface: 'eth0', vrid: 51 + i, family: 'ipv4', addresses: [address] },
      notify: { ...NOTIFY_DEFAULTS, ...notify },
    })) as AgentConfig['virtualRouters'],
  }
}

async function tell(settings: AgentConfig): Promise<void> {
  writeFileSync(at('config.json'), JSON.stringify(settings))
  const fixture = path.join(import.meta.dirname, 'teller.fixture.ts')
  const child = spawn(process.execPath, ['--import', 'tsx', fixture, at('state'), at('config.json')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  teller = child
  child.stdout?.on('data', (chunk: Buffer) => {
    for (const line of String(chunk).split('\n').filter(Boolean)) observed.push(JSON.parse(line))
  })
  await expect.poll(() => existsSync(at('state/notify/email.json')), { timeout: 20_000 }).toBe(true)
}

async function end(signal: NodeJS.Signals): Promise<void> {
  const ending = teller
  teller = null
  if (ending === null || ending.exitCode !== null || ending.signalCode !== null) return
  const gone = new Promise((resolve) => ending.once('exit', resolve))
  ending.kill(signal)
  await gone
}

/** What a router would journal. */
function transition(to: 'active' | 'backup', virtualRouter = 'web', priority = 100): void {
  written += 1
  const body: EventBody = {
    ...{ kind: 'transition', virtualRouter, vrid: 51, family: 'ipv4', interface: 'eth0', from: 'backup', to },
    ...{ reason: 'no-response', priority, heard: null, outageMs: null, addresses: [] },
  }
  const line = { n: written, at: { wallMs: Date.now(), monoMs: written, bootId: 'boot' }, body }
  appendFileSync(at('state/journal/router-1.jsonl'), `${JSON.stringify(line)}\n`)
}

const soon = { timeout: 20_000 }

describe('scripts', () => {
  it('notify: four more arguments, and the state’s own script before it', async () => {
    const any = script('any', `echo "any $*" >> ${at('told')}`)
    const active = script('active', `echo "active $* $ALOFT_STATE $ALOFT_REASON" >> ${at('told')}`)
    await tell(config({ scripts: { any: [any, 'x y'], active: [active, '--fast'] } }))
    transition('active')
    transition('backup')
    await expect
      .poll(() => linesOf('told'), soon)
      .toEqual([
        'active --fast MASTER no-response',
        'any x y INSTANCE web MASTER 100',
        'any x y INSTANCE web BACKUP 100',
      ])
  })

  it('that fail or take too long are reported with what they wrote, and hold up the next no longer', async () => {
    const any = script('any', '[ "$3" = MASTER ] && { echo no route; exit 3; }; sleep 60')
    await tell(config({ scripts: { any: [any] }, timeoutMs: 300 }))
    transition('active')
    transition('backup')
    await expect
      .poll(() => observed, soon)
      .toMatchObject([
        {
          kind: 'notification-failed',
          channel: `script ${any}`,
          about: 'INSTANCE web MASTER',
          detail: 'exit code 3: no route',
        },
        { kind: 'notification-failed', about: 'INSTANCE web BACKUP', detail: 'ended after 300 ms' },
      ])
  })

  it('of a steward that is killed again and again: every transition in order, one at a time, a repetition at most where it was killed', async () => {
    const any = script(
      'any',
      `echo "begin $2 $4 $ALOFT_EVENT" >> ${at('told')}; sleep 0.02; echo "end $2 $4" >> ${at('told')}`,
    )
    const settings = config({ scripts: { any: [any] } }, {}, ['web', 'db'])
    await tell(settings)
    for (let i = 1; i <= 50; i++) {
      transition(i % 2 === 0 ? 'active' : 'backup', 'web', i)
      transition(i % 2 === 0 ? 'active' : 'backup', 'db', i)
    }
    let kills = 0
    const isTold = () => ['web', 'db'].every((name) => linesOf('told').includes(`end ${name} 50`))
    for (let seen = 0; !isTold(); ) {
      await expect.poll(() => isTold() || linesOf('told').length > seen + 8, soon).toBe(true)
      if (isTold()) break
      seen = linesOf('told').length
      await end('SIGKILL')
      kills++
      await tell(settings)
    }
    expect(kills).toBeGreaterThan(5)
    for (const name of ['web', 'db']) {
      const lines = linesOf('told').filter((line) => line.split(' ')[1] === name)
      const began = lines.filter((line) => line.startsWith('begin')).map((line) => Number(line.split(' ')[2]))
      expect([...new Set(began)], name).toEqual(Array.from({ length: 50 }, (_, i) => i + 1))
      expect(began, name).toEqual(began.toSorted((a, b) => a - b))
      expect(began.length - 50, name).toBeLessThanOrEqual(kills)
      // One at a time: an end belongs to the beginning right before it.
      for (const [i, line] of lines.entries())
        if (line.startsWith('end')) expect(lines[i - 1]).toMatch(new RegExp(`^begin ${line.slice(4)} `))
    }
  })

  it('that a killed steward left running are ended before they are repeated', async () => {
    const any = script(
      'any',
      `echo "begin $$" >> ${at('told')}; [ -e ${at('slow')} ] && sleep 60; echo "end $$" >> ${at('told')}`,
    )
    writeFileSync(at('slow'), '')
    const settings = config({ scripts: { any: [any] } })
    await tell(settings)
    transition('active')
    await expect.poll(() => linesOf('told').length, soon).toBe(1)
    const [first = ''] = linesOf('told').map((line) => line.split(' ')[1])
    await end('SIGKILL')
    expect(existsSync(`/proc/${first}`)).toBe(true)
    rmSync(at('slow'))
    await tell(settings)
    await expect.poll(() => linesOf('told').length, soon).toBe(3)
    await expect.poll(() => existsSync(`/proc/${first}`), soon).toBe(false)
    expect(linesOf('told')).not.toContain(`end ${first}`)
  })

  it('are given the rest of a stopping agent’s time, and what is left is told by the next', async () => {
    const any = script('any', `echo "$3" >> ${at('told')}; [ -e ${at('slow')} ] && sleep 60`)
    writeFileSync(at('slow'), '')
    const settings = config({ scripts: { any: [any] } })
    await tell(settings)
    transition('active')
    transition('backup')
    await expect.poll(() => linesOf('told'), soon).toEqual(['MASTER'])
    await end('SIGTERM')
    rmSync(at('slow'))
    await tell(settings)
    await expect.poll(() => linesOf('told'), soon).toEqual(['MASTER', 'MASTER', 'BACKUP'])
  })
})

describe('a pipe', () => {
  const fifo = () => ({ path: at('pipe'), user: 'nobody', group: null, mode: 0o640, script: null })
  const read = () => readers.push(spawn('/bin/sh', ['-c', `cat ${at('pipe')} >> ${at('heard')}`]))

  it('vrrp_notify_fifo: is made with its owner and mode, and hears keepalived’s lines', async () => {
    await tell(config({}, { vrrpFifo: fifo() }))
    const { mode, uid, isFIFO } = Object.assign(statSync(at('pipe')), {
      isFIFO: statSync(at('pipe')).isFIFO(),
    })
    expect({ mode: mode & 0o777, isFIFO }).toEqual({ mode: 0o640, isFIFO: true })
    expect(uid).toBe(Number(execFileSync('id', ['-u', 'nobody'], { encoding: 'utf8' })))
    read()
    transition('active')
    await expect.poll(() => linesOf('heard'), soon).toEqual(['INSTANCE "web" MASTER 100'])
  })

  it('notify_fifo: that nobody reads loses nothing and stops nobody', async () => {
    const any = script('any', `echo "$4" >> ${at('told')}`)
    await tell(config({ scripts: { any: [any] } }, { fifo: fifo() }))
    for (let i = 1; i <= 20; i++) transition(i % 2 === 0 ? 'active' : 'backup', 'web', i)
    await expect.poll(() => linesOf('told').length, soon).toBe(20)
    await end('SIGKILL')
    await tell(config({ scripts: { any: [any] } }, { fifo: fifo() }))
    read()
    await expect.poll(() => linesOf('heard').length, soon).toBe(20)
    expect(linesOf('heard').map((line) => Number(line.split(' ')[3]))).toEqual(
      Array.from({ length: 20 }, (_, i) => i + 1),
    )
  })

  it('that is read slowly gets every line, more of them than it holds', async () => {
    await tell(config({}, { fifo: fifo() }))
    const count = 4_000
    for (let i = 1; i <= count; i++) transition(i % 2 === 0 ? 'active' : 'backup', 'web', i)
    readers.push(
      spawn('/bin/sh', ['-c', `{ sleep 1; dd bs=512 status=none; } < ${at('pipe')} >> ${at('heard')}`]),
    )
    await expect.poll(() => linesOf('heard').length, { timeout: 60_000 }).toBe(count)
    expect(new Set(linesOf('heard').map((line) => line.split(' ')[3])).size).toBe(count)
  })

  it('notify_fifo_script: its reader is run with its path, found again by the next steward, and ended', async () => {
    const reader = script('reader', `echo "$$ $1" >> ${at('read')}; exec cat "$1" >> ${at('heard')}`)
    const settings = config({}, { fifo: { ...fifo(), user: null, script: [reader] } })
    await tell(settings)
    transition('active')
    await expect.poll(() => linesOf('heard'), soon).toEqual(['INSTANCE "web" MASTER 100'])
    await end('SIGKILL')
    await tell(settings)
    transition('backup')
    await expect.poll(() => linesOf('heard').length, soon).toBe(2)
    const pids = linesOf('read').map((line) => Number(line.split(' ')[0]))
    await end('SIGTERM')
    for (const pid of pids) await expect.poll(() => existsSync(`/proc/${pid}`), soon).toBe(false)
  })

  it('is not made over something else', async () => {
    writeFileSync(at('pipe'), 'mine')
    await tell(config({}, { fifo: fifo() }))
    await expect
      .poll(() => observed, soon)
      .toMatchObject([{ channel: `fifo ${at('pipe')}`, detail: expect.stringContaining('not a named pipe') }])
    expect(readFileSync(at('pipe'), 'utf8')).toBe('mine')
  })
})

describe('mail', () => {
  interface Message {
    readonly from: string
    readonly to: readonly string[]
    readonly text: string
    readonly user: string | undefined
  }

  async function server(options: SMTPServerOptions, received: Message[], port = 0): Promise<number> {
    const started = new SMTPServer({
      authOptional: true,
      onAuth: (auth, _, done) =>
        done(auth.password === 's3cret' ? null : new Error('no'), { user: auth.username }),
      onData(stream, session, done) {
        let text = ''
        stream.on('data', (chunk: Buffer) => {
          text += String(chunk)
        })
        stream.on('end', () => {
          const { mailFrom, rcptTo } = session.envelope
          received.push({
            from: mailFrom ? mailFrom.address : '',
            to: rcptTo.map(({ address }) => address),
            text,
            user: typeof session.user === 'string' ? session.user : undefined,
          })
          done()
        })
      },
      ...options,
    })
    started.on('error', () => {})
    servers.push(started)
    await new Promise<void>((resolve) => started.listen(port, '127.0.0.1', () => resolve()))
    return (started.server.address() as AddressInfo).port
  }

  const email = (port: number): EmailSettings => ({
    ...{ server: '127.0.0.1', port, from: 'lb1@example.org', to: ['noc@example.org', 'me@example.org'] },
    ...{
      helo: null,
      connectTimeoutMs: 2_000,
      label: null,
      security: 'none',
      username: null,
      passwordFile: null,
    },
  })

  it('smtp_alert: each state change is a message to everybody, with keepalived’s subject', async () => {
    const received: Message[] = []
    const port = await server({ disabledCommands: ['AUTH', 'STARTTLS'] }, received)
    await tell(config({}, { email: email(port) }))
    transition('active')
    transition('backup')
    await expect.poll(() => received.length, soon).toBe(2)
    expect(received[0]).toMatchObject({ from: 'lb1@example.org', to: ['noc@example.org', 'me@example.org'] })
    expect(received.map(({ text }) => /^Subject: (.*)$/m.exec(text)?.[1]?.trim())).toEqual([
      '[lb1] VRRP Instance web - MASTER',
      '[lb1] VRRP Instance web - BACKUP',
    ])
    expect(received[0]?.text).toMatch(/^X-Mailer: Aloft/m)
    expect(received[0]?.text).toContain('reason: no-response')
  })

  it('waits for a server that is away, over a restart, and says so once', async () => {
    const received: Message[] = []
    const port = await server({ disabledCommands: ['AUTH', 'STARTTLS'] }, received)
    await new Promise<void>((resolve) => servers.pop()?.close(() => resolve()))
    await tell(config({}, { email: email(port) }))
    transition('active')
    await expect.poll(() => observed.length, soon).toBe(1)
    expect(observed[0]).toMatchObject({ channel: 'email 127.0.0.1', about: 'INSTANCE web MASTER' })
    await end('SIGKILL')
    await tell(config({}, { email: email(port) }))
    await server({ disabledCommands: ['AUTH', 'STARTTLS'] }, received, port)
    await expect.poll(() => received.length, soon).toBe(1)
  })

  it('gives up a message that the server refuses for good, and goes on with the next', async () => {
    const received: Message[] = []
    let refused = 0
    const port = await server(
      {
        disabledCommands: ['AUTH', 'STARTTLS'],
        onMailFrom: (_, __, done) =>
          done(refused++ === 0 ? Object.assign(new Error('not you'), { responseCode: 550 }) : null),
      },
      received,
    )
    await tell(config({}, { email: email(port) }))
    transition('active')
    transition('backup')
    await expect.poll(() => received.length, soon).toBe(1)
    expect(observed).toMatchObject([
      { about: 'INSTANCE web MASTER', detail: expect.stringContaining('not you') },
    ])
  })

  it('smtp_helo_name: greets the server by the name it was given', async () => {
    const greeted: string[] = []
    const port = await server(
      {
        disabledCommands: ['AUTH', 'STARTTLS'],
        onMailFrom: (_, session, done) => {
          greeted.push(session.hostNameAppearsAs)
          done(null)
        },
      },
      [],
    )
    await tell(config({}, { email: { ...email(port), helo: 'lb1.example.org' } }))
    transition('active')
    await expect.poll(() => greeted, soon).toEqual(['lb1.example.org'])
  })

  it('is sent with an account when there is one', async () => {
    const received: Message[] = []
    const port = await server(
      { authOptional: false, disabledCommands: ['STARTTLS'], allowInsecureAuth: true },
      received,
    )
    writeFileSync(at('password'), 's3cret\n')
    await tell(config({}, { email: { ...email(port), username: 'lb1', passwordFile: at('password') } }))
    transition('active')
    await expect.poll(() => received.map(({ user }) => user), soon).toEqual(['lb1'])
  })

  it('is not sent in clear text where it shall not', async () => {
    const received: Message[] = []
    const port = await server({ disabledCommands: ['STARTTLS'] }, received)
    await tell(config({}, { email: { ...email(port), security: 'starttls' } }))
    transition('active')
    await expect.poll(() => observed.length, soon).toBe(1)
    expect(received).toEqual([])
  })

  it('smtp_alert off: is not sent for a router that shall not be mailed', async () => {
    const received: Message[] = []
    const any = script('any', `echo "$3" >> ${at('told')}`)
    const port = await server({ disabledCommands: ['AUTH', 'STARTTLS'] }, received)
    await tell(config({ email: false, scripts: { any: [any] } }, { email: email(port) }))
    transition('active')
    await expect.poll(() => linesOf('told'), soon).toEqual(['MASTER'])
    await end('SIGTERM')
    expect(received).toEqual([])
  })

  it('smtp_alert of a group: is sent for it, and not for a group that shall not be mailed', async () => {
    const received: Message[] = []
    const port = await server({ disabledCommands: ['AUTH', 'STARTTLS'] }, received)
    const settings = config({ email: false }, { email: email(port) }, ['web', 'db'])
    const group = (name: string, member: string, mailed: boolean) => ({
      ...{ name, members: [member], track: [], trackWeights: false },
      notify: { ...NOTIFY_DEFAULTS, email: mailed },
    })
    await tell({ ...settings, syncGroups: [group('quiet', 'db', false), group('loud', 'web', true)] })
    transition('active', 'db')
    transition('active', 'web')
    await expect.poll(() => received.length, soon).toBe(1)
    await end('SIGTERM')
    expect(received.map(({ text }) => /^Subject: (.*)$/m.exec(text)?.[1]?.trim())).toEqual([
      '[lb1] VRRP Group loud - MASTER',
    ])
  })
})
