/**
 * The version of everything in this folder. Add a line whenever a frame's meaning changes; unknown *fields* are
 * ignored by both sides, unknown *kinds* end the session with close code 4003.
 *
 * 1  2026-11-22  hello, events, snapshot, synced, heartbeat · challenge, welcome, ack, resume, pong, goaway
 *    2026-11-23  before its first release: events of BFD, trackers, priorities, stalls, the LAN, notifications and holdings
 *    2026-11-27  identity: renew, alive · credential, probe; sent only to a side that has shown that it knows them
 */
export const PROTOCOL_VERSION = 1

/** WebSocket subprotocol (RFC 6455 §1.9) both ends must agree on. */
export const SUBPROTOCOL = 'aloft.v1'

/** The largest frame either side accepts, in bytes of UTF-8. */
export const FRAME_BYTES_MAX = 256 * 1024

/** The most events one `events` frame carries. */
export const BATCH_EVENTS_MAX = 500

/** The most unacknowledged events an agent keeps in flight. */
export const WINDOW_EVENTS_MAX = 2_000
