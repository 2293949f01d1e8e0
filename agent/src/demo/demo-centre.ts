/** The demo's control plane, started and asked over HTTP as anybody would. */
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import type { EnrolmentToken, VirtualRouter } from '@aloft/shared/api/schemas'
import type { DemoFolder } from './demo-folder.ts'
import { type DemoProcess, startAloft } from './demo-process.ts'

export interface DemoCentre {
  readonly url: string
  readonly signInLink: string
  createToken(site: string, maxUses: number): Promise<string>
  virtualRouters(): Promise<readonly VirtualRouter[]>
}

/** The first start makes a database cluster, which a slow disk may take its time for. */
const START_PATIENCE_MS = 60_000
/** A control plane on this machine that takes longer to answer will not. */
const ANSWER_PATIENCE_MS = 10_000

export function startCentre(folder: DemoFolder, port: number): DemoProcess {
  const place = ['--data-dir', folder.centreData, '--unix-socket', folder.centreSocket]
  return startAloft(['control-plane', '--port', String(port), ...place], folder)
}

/**
 * Resolves when the control plane answers and has printed its sign-in link; rejects when it ends or takes too long.
 * Once `stopping` is aborted, nothing asked of it is waited for: it is about to end, perhaps between request and answer.
 */
export async function reachCentre(
  started: Pick<DemoProcess, 'ended' | 'output'>,
  folder: Pick<DemoFolder, 'centreData'>,
  stopping: AbortSignal,
): Promise<DemoCentre> {
  const signInLink = await untilPrinted(started)
  const url = new URL(signInLink).origin
  const tokenFile = path.join(folder.centreData, 'admin-token')
  if (!existsSync(tokenFile)) throw new Error(`the control plane did not write ${tokenFile}`)
  const ask = askWith(url, readFileSync(tokenFile, 'utf8').trim(), stopping)
  return {
    url,
    signInLink,
    createToken: async (site, maxUses) => {
      const { token } = await ask<EnrolmentToken>('POST', '/api/v1/enrolment-tokens', { site, maxUses })
      if (token === undefined) throw new Error('the control plane answered without a token')
      return token
    },
    virtualRouters: async () =>
      (await ask<{ items: VirtualRouter[] }>('GET', '/api/v1/virtual-routers?limit=200')).items,
  }
}

async function untilPrinted(centre: Pick<DemoProcess, 'ended' | 'output'>): Promise<string> {
  const deadline = performance.now() + START_PATIENCE_MS
  let ended: string | null = null
  centre.ended.then((reason) => {
    ended = reason
  })
  for (;;) {
    const link = /https?:\/\/\S+\/sign-in\?code=[\w.~-]+/.exec(centre.output())?.[0]
    if (link !== undefined) return link
    if (ended !== null)
      throw new Error(`the control plane did not start (${ended}):\n${centre.output().trim()}`)
    if (performance.now() > deadline)
      throw new Error(`the control plane printed no sign-in link:\n${centre.output()}`)
    await new Promise((resolve) => setTimeout(resolve, 25))
  }
}

function askWith(url: string, token: string, stopping: AbortSignal) {
  return async <T>(method: string, path: string, body?: unknown): Promise<T> => {
    const response = await fetch(url + path, {
      method,
      signal: AbortSignal.any([stopping, AbortSignal.timeout(ANSWER_PATIENCE_MS)]),
      headers: {
        authorization: `Bearer ${token}`,
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    if (!response.ok) throw new Error(`${method} ${path}: HTTP ${response.status}: ${await response.text()}`)
    // The centre is this program's own; its answers follow shared/api.
    return (await response.json()) as T
  }
}
