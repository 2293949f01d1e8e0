import type { Operations } from './api.generated.ts'

/** `GET /api/v1/sites` and the like. */
export type OperationName = keyof Operations

/** What is asked of an operation: only what it knows, and all that it needs. */
export type Input<O extends OperationName> = Part<'path', Operations[O]['path']> &
  Part<'query', Operations[O]['query']> &
  Part<'body', Operations[O]['body']> &
  Asked

export interface Asked {
  readonly signal?: AbortSignal
  /** The `ETag` of a read: refused with 412 when it was changed since. */
  readonly ifMatch?: string
  /** The `ETag` of what one has: answered with null when nothing changed. */
  readonly ifNoneMatch?: string
  /** Of a POST; without one it gets a new one, so that it may be repeated safely. */
  readonly idempotencyKey?: string
}

/** Required when something in it is. */
type Part<Name extends string, Type> = [Type] extends [undefined]
  ? { readonly [N in Name]?: undefined }
  : Record<never, never> extends Type
    ? { readonly [N in Name]?: Type }
    : undefined extends Type
      ? { readonly [N in Name]?: Type }
      : { readonly [N in Name]: Type }

/** What may be called without a word. */
export type Given<O extends OperationName> =
  Record<never, never> extends Input<O> ? [input?: Input<O>] : [input: Input<O>]

export type Answer<O extends OperationName> = Operations[O]['answer']

/** The operations that answer pages, and what one item is. */
export type ListName = {
  [O in OperationName]: Answer<O> extends {
    readonly items: readonly unknown[]
    readonly nextCursor: string | null
  }
    ? O
    : never
}[OperationName]
export type Item<O extends ListName> = Answer<O> extends { readonly items: readonly (infer I)[] } ? I : never

/** The lists that can be exported as lines. */
export type ExportName = { [O in ListName]: [Operations[O]['lines']] extends [never] ? never : O }[ListName]
