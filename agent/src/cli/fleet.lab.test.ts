import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { aloft, type RunOptions } from './cli.fixture.ts'

/** The command line against an API that answers from a script: what it asks for, and what it makes of the answers. */
type Answer = (request: IncomingMessage, response: ServerResponse) => void

const servers: (() => void)[] = []
afterEach(() => {
  for (const close of servers.splice(0)) close()
})

async function centre(answer: Answer) {
  const asked: string[] = []
  const server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`)
    answer(request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  // A server that listens on TCP has an address and a port.
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  servers.push(() => {
    server.closeAllConnections()
    server.close()
  })
  const run = (args: readonly string[], options: RunOptions = {}) =>
    aloft(args, { ...options, env: { ALOFT_URL: url, ALOFT_TOKEN: 'aloft_secret' } })
  return { url, asked, run }
}

function json(body: unknown, status = 200): Answer {
  return (_, response) => {
    const type = status < 400 ? 'application/json' : 'application/problem+json'
    response.writeHead(status, { 'content-type': type }).end(JSON.stringify(body))
  }
}

const page = (items: readonly unknown[], nextCursor: string | null = null) => ({ items, nextCursor })

const event = (seq: number, node = 'lb1') => ({
  id: `${node}-${seq}`,
  agentId: 'a',
  site: 'vienna',
  node,
  epoch: 'e',
  seq,
  occurredAt: `2026-11-22T21:00:0${seq}.000Z`,
  occurredAtErrorMs: 1,
  receivedAt: '2026-11-22T21:00:09.000Z',
  late: false,
  observed: { wallMs: 1, monoMs: 1, bootId: 'b' },
  body: { kind: 'link', interface: `eth${seq}`, up: true },
})

const failover = {
  id: 'f',
  site: 'vienna',
  virtualRouter: 'web',
  vrid: 51,
  family: 'ipv4',
  from: null,
  to: 'lb2',
  reason: 'no-response',
  planned: false,
  occurredAt: '2026-11-22T21:00:00.123Z',
  occurredAtErrorMs: 2,
  receivedAt: '2026-11-22T21:00:00.200Z',
  late: false,
  outageMs: 361.4,
  evidence: [],
}

describe('lists', () => {
  it('say what to do next when they are empty', async () => {
    const { run } = await centre(json(page([])))
    const commands = ['sites', 'agents', 'virtual-routers', 'failovers', 'events']
    const ran = await Promise.all(commands.map((command) => run([command])))
    for (const [i, { code, stdout }] of ran.entries()) {
      expect(code, commands[i]).toBe(0)
      expect(stdout, commands[i]).toMatch(/`aloft [a-z-]+/)
    }
  })

  it('are aligned tables', async () => {
    const { run } = await centre(
      json(page([failover, { ...failover, site: 'graz', from: 'lb1', outageMs: null }])),
    )
    const { stdout } = await run(['failovers'])
    // However long ago that is on the day of the test.
    const ago = / (\d+d ago) /.exec(stdout)?.[1] ?? ''
    expect(
      stdout
        .replaceAll(ago, 'AGES'.padEnd(ago.length))
        .replace(/AGO +S/, 'AGO      S')
        .replace(/AGES +/g, 'AGES     '),
    ).toBe(`OCCURRED (UTC)           AGO      SITE    ROUTER  VRID  FROM     TO   REASON       OUTAGE   PLANNED
2026-11-22 21:00:00.123  AGES     vienna  web     51    unknown  lb2  no-response  361ms    no
2026-11-22 21:00:00.123  AGES     graz    web     51    lb1      lb2  no-response  unknown  no
`)
  })

  it('show roles that cannot be known as unknown, never as good', async () => {
    const member = {
      agentId: 'a',
      node: 'lb1',
      lastKnownRole: 'active',
      since: 'x',
      priority: 200,
      interface: 'eth0',
    }
    const router = {
      ...{ id: 'r', site: 'vienna', name: 'web', vrid: 51, family: 'ipv4', addresses: ['192.0.2.100'] },
      ...{ state: 'unknown', active: null, lastFailoverAt: null, members: [{ ...member, role: null }] },
      witness: null,
    }
    const { run } = await centre(json(page([router])))
    const [, line] = (await run(['virtual-routers'])).stdout.split('\n')
    expect(line).toBe('vienna  web   51    unknown  -       lb1 200 unknown (was active)  192.0.2.100  -')
  })

  it('say by whose word a router is served that only a backup hears', async () => {
    const at = new Date(Date.now() - 5_000).toISOString()
    const router = (name: string, active: string | null) => ({
      ...{ id: name, site: 'vienna', name, vrid: 51, family: 'ipv4', addresses: ['192.0.2.100'] },
      ...{ state: 'served', active, lastFailoverAt: null, members: [] },
      witness: { node: 'lb2', address: '192.0.2.1', at },
    })
    const { run } = await centre(json(page([router('web', 'lb1'), router('edge', null)])))
    expect((await run(['virtual-routers'])).stdout.trimEnd().split('\n').slice(3)).toEqual([
      expect.stringMatching(
        /^vienna\/web is served by the word of lb2: it hears lb1 at 192\.0\.2\.1 \(\d+ ?s ago\)$/,
      ),
      expect.stringContaining('it hears 192.0.2.1, which is none of its agents ('),
    ])
  })

  it('send the token and the filters, and follow the cursor as far as --limit', async () => {
    const tokens = new Set<string | undefined>()
    const { run, asked } = await centre((request, response) => {
      tokens.add(request.headers.authorization)
      const isFirst = !request.url?.includes('cursor')
      json(page([failover, failover], isFirst ? 'next/1' : 'next/2'))(request, response)
    })
    const ran = await run([
      'failovers',
      '--site',
      'a b',
      '--vrid',
      '51',
      '--from',
      '2026-11-22',
      '--limit',
      '4',
      '--json',
    ])
    expect(JSON.parse(ran.stdout)).toMatchObject({ items: Array(4).fill({ id: 'f' }), nextCursor: 'next/2' })
    expect(asked).toEqual([
      'GET /api/v1/failovers?site=a+b&vrid=51&from=2026-11-22T00%3A00%3A00.000Z&limit=4',
      'GET /api/v1/failovers?site=a+b&vrid=51&from=2026-11-22T00%3A00%3A00.000Z&limit=2&cursor=next%2F1',
    ])
    expect([...tokens]).toEqual(['Bearer aloft_secret'])
  })

  it('let no control character of a name reach the terminal', async () => {
    const { run } = await centre(json(page([{ ...failover, virtualRouter: 'we\u001b[2Jb' }])))
    expect((await run(['failovers'])).stdout).toContain('we·[2Jb')
  })
})

describe('an answer that is no', () => {
  it.each([
    [
      401,
      { title: 'Sign in first', detail: 'this token has expired' },
      'this token has expired; check ALOFT_TOKEN or --token (401)',
    ],
    [
      400,
      { title: 'Invalid request', errors: [{ pointer: '?vrid', message: 'too big' }] },
      '--vrid: too big (400)',
    ],
    [
      400,
      {
        title: 'Invalid request',
        detail: '?vrid: too big; /name: too long',
        errors: [
          { pointer: '?vrid', message: 'too big' },
          { pointer: '/name', message: 'too long' },
        ],
      },
      '?vrid: too big; /name: too long (400)\n  --vrid: too big\n  name: too long',
    ],
    [
      400,
      {
        title: 'Invalid request',
        detail: 'no such site',
        errors: [{ pointer: '/a/0', message: 'no such site' }],
      },
      'no such site (400)',
    ],
    [
      503,
      { title: 'Not available now', detail: 'the database is not answering' },
      'the database is not answering (503)',
    ],
  ])('%i is told in the words of the problem', async (status, problem, message) => {
    const { run } = await centre(json({ type: 'urn:x', status, ...problem }, status))
    // What the API can make nothing of was written wrongly.
    const code = status === 400 ? 2 : 1
    expect(await run(['sites'])).toEqual({ code, stdout: '', stderr: `aloft: ${message}\n` })
  })

  it('of something else than a control plane is told as such', async () => {
    const { run, url } = await centre((request, response) =>
      request.url?.includes('sites') ? response.end('<html>') : response.writeHead(404).end('nothing here'),
    )
    expect((await run(['sites'])).stderr).toContain(
      'did not answer as an Aloft control plane of this version does',
    )
    expect((await run(['agents'])).stderr).toContain(`${url}/api/v1/agents`)
    expect((await run(['agents'])).stderr).toContain('answered 404 Not Found')
  })

  it('because nobody listens names the address and the remedy', async () => {
    const { url } = await centre(json({}))
    for (const close of servers.splice(0)) close()
    const ran = await aloft(['sites', '--url', url, '--token', 'x'])
    const message = `no control plane answers at ${url} (ECONNREFUSED); set ALOFT_URL or give --url`
    expect(ran).toEqual({ code: 1, stdout: '', stderr: `aloft: ${message}\n` })
  })
})

describe('aloft token create', () => {
  const created = {
    id: 't',
    site: 'vienna',
    token: 'aloft_enrol_x',
    createdAt: 'x',
    expiresAt: '2026-11-22T22:00:00.000Z',
    maxUses: 3,
    uses: 0,
    labels: {},
    needsApproval: false,
  }

  it('asks with an Idempotency-Key and prints the command for the node', async () => {
    const bodies: unknown[] = []
    const { run, url } = await centre(async (request, response) => {
      expect(request.headers['idempotency-key']).toMatch(/^[0-9a-f-]{36}$/)
      bodies.push(JSON.parse((await request.toArray()).join('')))
      json(created, 201)(request, response)
    })
    const ran = await run(['token', 'create', '--site', 'vienna', '--ttl', '30m', '--max-uses', '3'])
    expect(ran.stdout).toBe(
      `aloft agent --config aloft.yaml --control-plane ${url} --enrolment-token aloft_enrol_x\n`,
    )
    expect(ran.stderr).toBe(
      'Run this on the node; it lets 3 agents into vienna until 2026-11-22 22:00:00.000 UTC.\n',
    )
    expect(bodies).toMatchObject([{ site: 'vienna', ttlMs: 1_800_000, maxUses: 3 }])
  })

  it('answers in JSON', async () => {
    const { run } = await centre(json(created, 201))
    expect(JSON.parse((await run(['token', 'create', '--site', 'vienna', '--json'])).stdout)).toEqual(created)
  })
})

describe('aloft events', () => {
  it('prints the newest, oldest first', async () => {
    const { run, asked } = await centre(json(page([event(2), event(1)])))
    expect((await run(['events', '--node', 'lb1'])).stdout).toBe(
      '2026-11-22 21:00:01.000  vienna/lb1  eth1 is up\n2026-11-22 21:00:02.000  vienna/lb1  eth2 is up\n',
    )
    expect(asked).toEqual(['GET /api/v1/events?node=lb1&order=desc&limit=50'])
  })

  it('--follow prints past and present once, in order, over a lost stream, and ends well on Ctrl-C', async () => {
    const resumedAfter: (string | undefined)[] = []
    const message = (id: string, what: unknown) =>
      `event: event\nid: ${id}\ndata: ${JSON.stringify(what)}\n\n`
    const { run } = await centre((request, response) => {
      if (!request.url?.startsWith('/api/v1/stream'))
        return json(page([event(2), event(1)]))(request, response)
      resumedAfter.push(request.headers['last-event-id']?.toString())
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.write('event: hello\nid: 7\ndata: {"resumed":true,"requested":false}\n\n: still here\n\n')
      if (resumedAfter.length > 1) return response.write(message('9', event(4)))
      // Event 2 is also in the list, of which the stream was opened before; lb2 is not asked for.
      response.end(message('7.1', event(2)) + message('7.2', event(9, 'lb2')) + message('8', event(3)))
    })
    const ran = await run(['events', '--follow', '--node', 'lb1', '--json'], {
      until: (text) => text.includes('lb1-4'),
    })
    const ids = ran.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).id)
    expect(ids).toEqual(['lb1-1', 'lb1-2', 'lb1-3', 'lb1-4'])
    expect(resumedAfter).toEqual([undefined, '8'])
    expect(ran).toMatchObject({
      code: 0,
      stderr: 'aloft: the control plane ended the stream; trying again\n',
    })
  })

  it('--follow says so when the centre could not go on where the stream was lost', async () => {
    let opened = 0
    const { run } = await centre((request, response) => {
      if (!request.url?.startsWith('/api/v1/stream')) return json(page([]))(request, response)
      opened += 1
      const hello = { resumed: false, requested: opened > 1 }
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.write(`event: hello\nid: 1\ndata: ${JSON.stringify(hello)}\n\n`)
      if (opened === 1) response.end()
      else response.write(`event: event\nid: 2\ndata: ${JSON.stringify(event(1))}\n\n`)
    })
    const ran = await run(['events', '--follow'], { until: (text) => text.includes('eth1') })
    expect(ran.stderr).toContain('the centre no longer holds what came meanwhile')
  })

  it('--follow refuses at once what is no stream, and what the list makes nothing of', async () => {
    const { run, url } = await centre((_, response) => response.end('<html>'))
    const page = await run(['events', '--follow'])
    expect([page.code, page.stderr]).toEqual([
      1,
      `aloft: ${url}/api/v1/stream answered no content type instead of a stream\n`,
    ])
    const other = await centre((request, response) => {
      if (!request.url?.startsWith('/api/v1/stream'))
        return json({ type: 'urn:x', title: 'Invalid request', status: 400 }, 400)(request, response)
      response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders()
    })
    const refused = await other.run(['events', '--follow', '--kind', 'party'])
    expect([refused.code, refused.stderr]).toEqual([2, 'aloft: Invalid request (400)\n'])
  })

  it('--follow refuses at once what is refused at first', async () => {
    const { run } = await centre(json({ type: 'urn:x', title: 'Not allowed', status: 403 }, 403))
    expect(await run(['events', '--follow'])).toEqual({
      code: 1,
      stdout: '',
      stderr: 'aloft: Not allowed (403)\n',
    })
  })
})

describe('aloft agents report', () => {
  const agent = (site: string, node: string) => ({
    ...{ id: `${site}-${node}`, site, node, state: 'connected', software: 'x', enrolledAt: 'x' },
    ...{ connectedSince: 'x', lastSeenAt: '2026-11-22T21:00:00.000Z', clock: null, spoolBacklog: 0 },
    routerAlive: true,
    ...{ labels: {}, reason: null, keySince: 'x', keyRotationAsked: false, credentialExpiresAt: null },
  })
  const command = (state: string, detail: string | null = null) => ({
    ...{ id: 'c1', agentId: 'vienna-lb1', kind: 'report', state, detail, createdAt: 'x', createdBy: 'x' },
    ...{ expiresAt: '2026-11-22T21:00:30.000Z', sentAt: null, finishedAt: null },
  })
  /** Answers with one state after the other; the last one for ever. */
  const commanding = (...states: readonly ReturnType<typeof command>[]) => {
    const left = [...states]
    return centre((request, response) => {
      if (request.url?.startsWith('/api/v1/agents?'))
        return json(page([agent('vienna', 'lb1'), agent('vienna', 'lb2'), agent('graz', 'lb2')]))(
          request,
          response,
        )
      const now = left.length > 1 ? left.shift() : left[0]
      if (request.method === 'POST') return json(now, 202)(request, response)
      return json(page([now]))(request, response)
    })
  }

  it('waits until it has', async () => {
    const { run, asked } = await commanding(
      command('waiting'),
      command('sent'),
      command('done', 'virtual routers: 2'),
    )
    const { code, stdout } = await run(['agents', 'report', 'lb1'])
    expect([code, stdout]).toEqual([0, 'vienna/lb1 has reported. virtual routers: 2\n'])
    expect(asked[1]).toBe('POST /api/v1/agents/vienna-lb1/commands')
  })

  it.each([
    [command('expired'), 'not connected before 2026-11-22T21:00:30.000Z'],
    [command('no-answer'), 'has not answered'],
    [command('unsupported', 'does not know report'), 'does not know report'],
    [command('failed', 'no disk'), 'no disk'],
  ])('says why not: $state', async (state, why) => {
    const { run } = await commanding(state)
    const { code, stderr } = await run(['agents', 'report', 'vienna/lb1'])
    expect([code, stderr]).toEqual([1, expect.stringContaining(why)])
  })

  it('wants to know which of several it is, and that there is one', async () => {
    const { run } = await commanding(command('done'))
    const several = await run(['agents', 'report', 'lb2'])
    expect([several.code, several.stderr]).toEqual([2, expect.stringContaining('vienna/lb2, graz/lb2')])
    const none = await run(['agents', 'report', 'lb9'])
    expect([none.code, none.stderr]).toEqual([1, expect.stringContaining('there is no agent lb9')])
    expect((await run(['agents', 'report', 'lb1', '--within', '1ms'])).code).toBe(2)
  })

  it('prints JSON as the API answers it', async () => {
    const { run } = await commanding(command('done', 'fine'))
    const { stdout } = await run(['agents', 'report', 'graz/lb2', '--json'])
    expect(JSON.parse(stdout)).toEqual(command('done', 'fine'))
  })
})

describe('a centre of an older release', () => {
  /** What the first one answered, whose later fields are not there at all. */
  const agent = {
    ...{ id: 'a', site: 'vienna', node: 'lb1', state: 'connected', software: 'x', enrolledAt: 'x' },
    ...{ connectedSince: null, lastSeenAt: null, clock: null, spoolBacklog: 3, routerAlive: true },
  }
  const member = { agentId: 'a', node: 'lb1', role: 'active', lastKnownRole: 'active', since: 'x' }
  const router = {
    ...{ id: 'r', site: 'vienna', name: 'web', vrid: 51, family: 'ipv4', addresses: ['192.0.2.100'] },
    ...{ state: 'served', active: 'lb1', lastFailoverAt: null },
    members: [{ ...member, priority: 200, interface: 'eth0' }],
  }

  it.each([
    ['agents', agent, 'vienna  lb1   connected  running  -          3        -      x         -'],
    ['virtual-routers', router, 'vienna  web   51    served  lb1     lb1 200 active  192.0.2.100  -'],
  ])('is listed by `aloft %s`, with dashes for what it does not say', async (command, item, line) => {
    const { run } = await centre(json(page([item])))
    const { code, stdout, stderr } = await run([command])
    expect([code, stderr, ...stdout.trimEnd().split('\n').slice(1)]).toEqual([0, '', line])
  })
})

describe('aloft agents', () => {
  const agent = (node: string, facts: object = {}) => ({
    ...{ id: `vienna-${node}`, site: 'vienna', node, state: 'connected', software: 'x', enrolledAt: 'x' },
    ...{ connectedSince: null, lastSeenAt: null, clock: null, spoolBacklog: null, routerAlive: null },
    ...{ labels: {}, reason: null, keySince: '2026-11-01', keyRotationAsked: false },
    ...{ credentialExpiresAt: null, evidence: null },
    ...facts,
  })

  it('shows labels, filters by them, and says why an agent is out and how it comes in', async () => {
    const reason = 'cloned: one identity on two hosts'
    const { run, asked } = await centre(
      json(
        page([
          agent('lb1', { labels: { role: 'edge', rack: '7' } }),
          agent('lb2', { state: 'quarantined', reason }),
          agent('lb3', { state: 'pending', reason: null }),
          agent('lb4', { state: 'revoked', reason: 'stolen' }),
        ]),
      ),
    )
    const { stdout } = await run(['agents', '--label', 'rack=7', 'role=edge'])
    expect(asked).toEqual(['GET /api/v1/agents?label=rack%3D7&label=role%3Dedge&limit=500'])
    const lines = stdout.trimEnd().split('\n')
    expect(lines[1]).toMatch(/rack=7 role=edge$/)
    expect(lines.slice(5)).toEqual([
      `vienna/lb2 is quarantined: ${reason}; when it is to be let in: aloft agents release vienna/lb2`,
      'vienna/lb4 is revoked: stolen',
    ])
  })

  it('says what a state stands on that the agent did not tell itself', async () => {
    const evidence = { node: 'lb2', virtualRouter: 'web', at: new Date(Date.now() - 5_000).toISOString() }
    const agents = [
      agent('lb1', { state: 'silent', evidence }),
      agent('lb3', { state: 'down', evidence }),
      agent('lb2'),
    ]
    const { run } = await centre(json(page(agents)))
    expect((await run(['agents'])).stdout.trimEnd().split('\n').slice(4)).toEqual([
      expect.stringMatching(/^vienna\/lb1 is silent: lb2 hears its adverts \(web, \d+ ?s ago\)$/),
      expect.stringContaining('lb3 is down: lb2 took over because its adverts ceased (web, '),
    ])
  })

  it.each([
    ['reject', 'is rejected.'],
    ['revoke', 'is revoked.'],
    ['release', 'is in quarantine no more.'],
    [
      'rotate-key',
      'is told to make a new key, now or when it next connects. The one it has is of 2026-11-01.',
    ],
  ])('%s asks for it once, and says what comes of it', async (verb, said) => {
    const bodies: string[] = []
    const { run, asked } = await centre(async (request, response) => {
      if (request.method === 'GET') return json(page([agent('lb1')]))(request, response)
      bodies.push((await request.toArray()).join(''))
      json(agent('lb1'))(request, response)
    })
    const { code, stdout } = await run(['agents', verb, 'vienna/lb1', '--reason', 'told so'])
    expect([code, stdout]).toEqual([0, expect.stringContaining(`vienna/lb1 ${said}`)])
    expect(asked[1]).toBe(`POST /api/v1/agents/vienna-lb1/${verb}`)
    expect(bodies).toEqual(['{"reason":"told so"}'])
    expect(JSON.parse((await run(['agents', verb, 'lb1', '--json'])).stdout)).toEqual(agent('lb1'))
  })

  it('says why not, and that there is no such node', async () => {
    const { run } = await centre((request, response) =>
      request.method === 'GET'
        ? json(page([agent('lb1')]))(request, response)
        : json({ type: 'x', title: 'Conflict', status: 409, detail: 'it was revoked' }, 409)(
            request,
            response,
          ),
    )
    const refused = await run(['agents', 'approve', 'lb1'])
    expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining('it was revoked')])
    const none = await run(['agents', 'approve', 'lb9'])
    expect([none.code, none.stderr]).toEqual([1, expect.stringContaining('there is no agent lb9')])
  })
})

describe('aloft token create', () => {
  it('gives labels, and asks for approval', async () => {
    const bodies: unknown[] = []
    const { run } = await centre(async (request, response) => {
      bodies.push(JSON.parse((await request.toArray()).join('')))
      json({ site: 'vienna', token: 't', maxUses: 1, expiresAt: '2026-11-22T22:00:00.000Z' }, 201)(
        request,
        response,
      )
    })
    const labels = ['--label', 'rack=7', '--label', 'role=edge']
    await run(['token', 'create', '--site', 'vienna', ...labels, '--needs-approval'])
    expect(bodies).toMatchObject([{ labels: { rack: '7', role: 'edge' }, needsApproval: true }])
    for (const wrong of ['rack', 'Rack=7', 'rack=']) {
      const { code, stderr } = await run(['token', 'create', '--site', 'vienna', '--label', wrong])
      expect([wrong, code, stderr]).toEqual([wrong, 2, expect.stringContaining('--label')])
    }
  })
})
