/** `aloft agents approve` against the real API: it lets in the key that somebody looked at, and no other. */
import { createHash, createPublicKey } from 'node:crypto'
import { enrolmentOf, newKey, newToken } from '@aloft/control-plane/gateway/test-agent'
import { startTestApplication, type TestApplication } from '@aloft/control-plane/http/test-application'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type ServedApplication, serve } from './command-line.fixture.ts'

let app: TestApplication
let served: ServedApplication
beforeAll(async () => {
  app = await startTestApplication()
  served = await serve(app)
})
afterAll(async () => {
  served.close()
  expect(app.faults).toEqual([])
  await app.close()
})

/** A node that waits; its fingerprint as the node itself would show it. */
async function waiting(node: string): Promise<string> {
  const { db } = app.database
  const keys = newKey()
  const token = await newToken(db, { site: 'paris', needsApproval: true, labels: { rack: '7' } })
  const body = JSON.stringify(enrolmentOf(token, node, keys))
  const enrolled = await fetch(`${served.url}/agent/v1/enrol`, { method: 'POST', body })
  expect(enrolled.status).toBe(201)
  const der = createPublicKey(keys.key).export({ type: 'spki', format: 'der' })
  return `SHA256:${createHash('sha256').update(der).digest('base64').replaceAll('=', '')}`
}

const stateOf = async (node: string) =>
  (await (await app.fetch(`/api/v1/agents?node=${node}`)).json()).items[0].state
const run = (args: string) => served.run(args)

let fingerprint = ''
beforeEach(async () => {
  await app.database.sql`truncate agents, agent_sessions, enrolment_token_uses cascade`
  fingerprint = await waiting('lb1')
})

describe('with --fingerprint', () => {
  it('the key of that fingerprint is let in, and named', async () => {
    const ran = await run(`agents approve paris/lb1 --fingerprint ${fingerprint}`)
    expect([ran.code, ran.stderr]).toEqual([0, ''])
    expect(ran.stdout).toContain(`paris/lb1 is approved. Its key is ${fingerprint}.`)
    expect(await stateOf('lb1')).toBe('enrolled')
    const again = await run('agents approve lb1')
    expect([again.code, again.stdout]).toEqual([
      0,
      `paris/lb1 was approved before; it is enrolled. Its key is ${fingerprint}.\n`,
    ])
  })

  it('is also taken as openssl prints it', async () => {
    expect((await run(`agents approve lb1 --fingerprint ${fingerprint.slice(7)}=`)).code).toBe(0)
  })

  it('another key is refused, and both are named', async () => {
    const other = await waiting('lb2')
    const ran = await run(`agents approve lb1 --fingerprint ${other}`)
    expect([ran.code, ran.stdout]).toEqual([1, ''])
    expect(ran.stderr).toContain(`its key is ${fingerprint}, and not ${other}`)
    expect(await stateOf('lb1')).toBe('pending')
  })

  it.each(['MD5:00:11', `SHA256:${'A'.repeat(44)}`])('%s is none', async (text) => {
    expect((await run(`agents approve lb1 --fingerprint ${text}`)).code).toBe(2)
    expect(await stateOf('lb1')).toBe('pending')
  })
})

describe('on a terminal', () => {
  it('the agent is shown, and let in when that is wanted', async () => {
    const { code, shown } = await served.onTerminal(
      'agents approve lb1 --reason ticket-4711',
      async () => 'y\n',
    )
    expect(code).toBe(0)
    for (const fact of [
      `key         ${fingerprint}`,
      ' from 127.0.0.1',
      'labels      rack=7',
      'state       pending',
    ])
      expect(shown).toContain(fact)
    expect(shown).toContain('paris/lb1 is approved.')
    expect(await stateOf('lb1')).toBe('enrolled')
  })

  it.each(['\n', 'yo\n', '\u0004', '\u0003'])('nothing is changed by %j', async (typed) => {
    const { code, shown } = await served.onTerminal('agents approve lb1', async () => typed)
    expect([code, shown]).toEqual([
      1,
      expect.stringContaining('paris/lb1 is not approved; nothing was changed'),
    ])
    expect(await stateOf('lb1')).toBe('pending')
  })

  it('a key that enrolled while the one before was looked at is refused', async () => {
    const { code, shown } = await served.onTerminal('agents approve lb1', async () => {
      await waiting('lb1')
      return 'y\n'
    })
    expect([code, shown]).toEqual([1, expect.stringContaining('it was changed since it was looked at')])
    expect(await stateOf('lb1')).toBe('pending')
  })

  it.each(['agents approve lb1 --yes', `agents approve lb1 --fingerprint`])(
    '`%s` asks nothing',
    async (args) => {
      const asked = args.endsWith('print') ? `${args} ${fingerprint}` : args
      const { code, shown } = await served.onTerminal(asked, async () => 'n\n')
      expect([code, shown]).toEqual([0, expect.not.stringContaining('[y/N]')])
      expect(await stateOf('lb1')).toBe('enrolled')
    },
  )
})

describe('in a script', () => {
  it('nobody is asked, and what was let in is named', async () => {
    const ran = await run('agents approve lb1')
    expect([ran.code, ran.stdout]).toEqual([0, expect.stringContaining(`Its key is ${fingerprint}.`)])
    expect(JSON.parse((await run('agents show lb1 --json')).stdout)).toMatchObject({
      state: 'enrolled',
      keyFingerprint: fingerprint,
      enrolledFrom: '127.0.0.1',
    })
  })

  it('what was rejected stays so', async () => {
    expect((await run('agents reject lb1')).code).toBe(0)
    const ran = await run(`agents approve lb1 --fingerprint ${fingerprint}`)
    expect([ran.code, ran.stderr]).toEqual([1, expect.stringContaining('was revoked')])
  })
})

it('`aloft agents show` says all of it', async () => {
  const { code, stdout } = await run('agents show paris/lb1')
  expect(code).toBe(0)
  expect(stdout).toMatch(/^paris\/lb1\n {2}state {7}pending/)
  expect(stdout).toContain(`\n  key         ${fingerprint}\n`)
  expect(stdout).toMatch(/\n {2}enrolled {4}[\d -]+[\d:.]+ UTC \(\d+s ago\) from 127\.0\.0\.1\n/)
})
