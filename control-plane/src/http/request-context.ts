import type { Context } from 'hono'
import type { Scope } from '../database/schema/index.ts'
import { Forbidden } from '../problems.ts'

/** Who asks. `id` stands for the credential in records (`token:UUID`, `session:UUID`). */
export interface Caller {
  readonly id: string
  readonly scopes: readonly Scope[]
  /** What was presented, for keys derived from it. Never written down. */
  readonly secret: string
}

export interface RequestVariables {
  requestId: string
  caller: Caller
}

export type RequestContext = Context<{ Variables: RequestVariables }>

export function requireScope(caller: Caller, scope: Scope): void {
  if (!caller.scopes.includes(scope)) throw new Forbidden(`this credential has no ${scope} scope`)
}
