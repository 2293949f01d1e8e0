/** How long an absence must last before it means anything. Milliseconds. */

/** A replica that has not renewed its lease for so long is dead, and so are its sessions. */
export const REPLICA_LEASE_MS = 15_000

/** Three heartbeats of a session over HTTP requests: then it is over, until it speaks again. */
export const EXCHANGE_SILENCE_MS = 90_000

/** An agent that is back within this was never away: no change of state, nothing told. */
export const OFFLINE_GRACE_MS = 10_000

/** A backup that hears an active says so at once; so much after a takeover its word is about what is so now. */
export const WITNESS_MARGIN_MS = 5_000

/** After the centre was away itself, nobody's absence is told for at least so long: two heartbeats of the slowest. */
export const AMNESTY_MS = 60_000

/** Agents dial again within their back-off, and that takes a while too. */
export const AMNESTY_MARGIN_MS = 10_000
