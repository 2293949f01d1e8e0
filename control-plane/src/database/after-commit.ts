/**
 * What is said once a transaction has committed, and never inside it. A store announces on its transaction; `transact`
 * hands that on, after the commit, to whoever rings for this database. Nobody need: announcements only save time.
 */
import type { Topic } from '../bus/bus.ts'
import type { Database, Transaction } from './client.ts'

type Ring = (topic: Topic, cursor: string) => void

const rings = new WeakMap<Database, Ring>()
const announced = new WeakMap<Transaction, Map<Topic, string>>()

export function ringAfterCommit(db: Database, ring: Ring): void {
  rings.set(db, ring)
}

/** Of a topic the last cursor of a transaction counts. */
export function announce(tx: Transaction, topic: Topic, cursor: string): void {
  const own = announced.get(tx) ?? new Map<Topic, string>()
  announced.set(tx, own.set(topic, cursor))
}

/** For `transact`: a savepoint ended well, and what it announced is for its transaction to say. */
export function handOn(savepoint: Transaction, outer: Transaction): void {
  for (const [topic, cursor] of announced.get(savepoint) ?? []) announce(outer, topic, cursor)
}

/** For `transact`, when `tx` has committed. */
export function committed(db: Database, tx: Transaction | null): void {
  const own = tx === null ? undefined : announced.get(tx)
  const ring = rings.get(db)
  if (own === undefined || ring === undefined) return
  for (const [topic, cursor] of own) ring(topic, cursor)
}
