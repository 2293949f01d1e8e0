/** For tests: an agent that does what a test says, over HTTP requests, and replicas to answer them. */
import { once } from 'node:events'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { ExchangeAnswer } from '@aloft/shared/protocol/exchange'
import { createAdaptorServer } from '@hono/node-server'
import { Hono } from 'hono'
import type { Database } from '../database/client.ts'
import { problemAnswer } from '../http/problem-answer.ts'
import { type ExchangeOptions, exchangeRoute } from './exchange-route.ts'
import { ScriptedAgent, SILENT, testCentre } from './test-agent.ts'

export type Post = (body: string, signal?: AbortSignal) => Promise<Response>

/** A replica of its own, that knows nothing but the database. */
export function testReplica(db: Database, options: Partial<ExchangeOptions> = {}): Post {
  const app = replicaApp(db, options)
  return async (body, signal) =>
    app.request('http://aloft.test/agent/v1/exchange', { method: 'POST', body, ...(signal && { signal }) })
}

/** The same behind a port of loopback. */
export async function serveReplica(
  db: Database,
  options: Partial<ExchangeOptions> = {},
): Promise<{ readonly url: string; stop(): Promise<void> }> {
  const server = createAdaptorServer({ fetch: replicaApp(db, options).fetch }) as Server
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

function replicaApp(db: Database, options: Partial<ExchangeOptions>): Hono {
  const app = new Hono()
  app.onError((error) => problemAnswer(error, () => {}))
  const usual = { db, centre: testCentre(db), now: () => Date.now(), log: SILENT }
  return app.route('/agent/v1', exchangeRoute({ ...usual, ...options }))
}

/** One turn after the other, each with what was said since; `post` decides which replica hears it, and how often. */
export class ExchangeAgent extends ScriptedAgent {
  readonly #post: Post
  #session: string | null = null
  #said: string[] = []
  #turn: Promise<void> | null = null
  #isOver = false

  constructor(post: Post) {
    super()
    this.#post = post
    this.#begin('{"session":null,"frames":[]}')
  }

  /** What the next request brings along. */
  get session(): string | null {
    return this.#session
  }

  sendText(text: string): void {
    this.#said.push(text)
    queueMicrotask(() => this.#next())
  }

  async close(): Promise<void> {
    this.#isOver = true
    await this.#turn
    const session = this.#session
    await this.#post(JSON.stringify({ session, frames: [], close: { code: 1000, reason: 'gone' } }))
    this.ended(1000, 'gone')
  }

  #next(): void {
    if (this.#turn !== null || this.#said.length === 0 || this.#isOver) return
    const frames = this.#said.splice(0).join(',')
    this.#begin(`{"session":${JSON.stringify(this.#session)},"frames":[${frames}]}`)
  }

  #begin(body: string): void {
    this.#turn = this.#takeTurn(body).finally(() => {
      this.#turn = null
      this.#next()
    })
  }

  async #takeTurn(body: string): Promise<void> {
    const response = await this.#post(body)
    if (response.status !== 200) return this.#end(1006, `${response.status} ${await response.text()}`)
    const { session, frames, close } = ExchangeAnswer.parse(await response.json())
    this.#session = session ?? this.#session
    for (const frame of frames) this.heard(JSON.stringify(frame))
    if (close !== null) this.#end(close.code, close.reason)
  }

  #end(code: number, reason: string): void {
    this.#isOver = true
    this.ended(code, reason)
  }
}
