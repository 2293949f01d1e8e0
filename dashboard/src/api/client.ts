import type { Account, ChangePassword } from '@aloft/shared/api/access'
import type { Agent, Failover, Problem, Site, VirtualRouter } from '@aloft/shared/api/schemas'

/** One page of a list, as every list endpoint answers. */
export interface Page<T> {
  readonly items: readonly T[]
  readonly nextCursor: string | null
}

/** A list as far as this page holds it. */
export interface Listed<T> {
  readonly items: readonly T[]
  /** Whether there are no more. */
  readonly isWhole: boolean
}

/** The centre answered with a problem (RFC 9457), or could not be reached (status 0). */
export class ApiError extends Error {
  readonly status: number
  /** Which part of what was sent is at fault: JSON pointers into it. */
  readonly faults: NonNullable<Problem['errors']>

  constructor(status: number, message: string, faults: NonNullable<Problem['errors']> = []) {
    super(message)
    this.status = status
    this.faults = faults
  }
}

/** Nothing becomes better by asking again: somebody must sign in. */
export function isSignedOut(error: unknown): boolean {
  return error instanceof ApiError && error.status === 401
}

/** Somebody is signed in, and has no role that lets them see it. */
export function isForbidden(error: unknown): boolean {
  return error instanceof ApiError && error.status === 403
}

async function ask(path: string, init: RequestInit): Promise<Response> {
  const response = await fetch(path, { credentials: 'same-origin', ...init }).catch(() => {
    throw new ApiError(0, 'The control plane cannot be reached from this browser.')
  })
  if (response.ok) return response
  const { detail, title, errors }: Partial<Problem> = await response.json().catch(() => ({}))
  throw new ApiError(response.status, detail ?? title ?? `HTTP ${response.status}`, errors)
}

async function get<T>(path: string, init: RequestInit = {}): Promise<T> {
  return (await ask(path, { headers: { accept: 'application/json' }, ...init })).json()
}

async function put(path: string, body: object): Promise<void> {
  const headers = { accept: 'application/json', 'content-type': 'application/json' }
  await ask(path, { method: 'PUT', headers, body: JSON.stringify(body) })
}

/** Follows the cursors to the end, up to a bound that keeps one browser tab from asking for a whole year. */
function listOf<T>(name: string, itemsMax: number): (signal: AbortSignal) => Promise<Listed<T>> {
  return async (signal) => {
    const items: T[] = []
    let cursor: string | null = null
    do {
      const from: string = cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`
      const page: Page<T> = await get(`/api/v1/${name}?limit=${PAGE_ITEMS}${from}`, { signal })
      items.push(...page.items)
      cursor = page.nextCursor
    } while (cursor !== null && items.length < itemsMax)
    return { items, isWhole: cursor === null }
  }
}

const PAGE_ITEMS = 200

/** How many rows the first page of the dashboard holds of each kind. */
export const ITEMS_MAX = { sites: 2_000, agents: 5_000, virtualRouters: 5_000, failovers: 200 }

export const api = {
  account: () => get<Account>('/api/v1/account'),
  changePassword: (change: ChangePassword) => put('/api/v1/account/password', change),
  sites: listOf<Site>('sites', ITEMS_MAX.sites),
  agents: listOf<Agent>('agents', ITEMS_MAX.agents),
  virtualRouters: listOf<VirtualRouter>('virtual-routers', ITEMS_MAX.virtualRouters),
  failovers: listOf<Failover>('failovers', ITEMS_MAX.failovers),
}
