/**
 * The kernel's news of processes (drivers/connector/cn_proc.c): who forks, becomes another program, changes its name,
 * ends. Only in the first network namespace, and only for root; elsewhere `openProcessEvents` says no.
 */
import {
  AF_NETLINK,
  LITTLE_ENDIAN,
  netlinkAddress,
  optionNumber,
  SO_RCVBUF,
  SOCK_DGRAM,
  SOL_SOCKET,
} from './kernel-numbers.ts'
import type { NativeSocket, Netio } from './netio.ts'

export interface ProcessEvent {
  readonly what: 'fork' | 'exec' | 'name' | 'exit'
  readonly pid: number
  /** Of a fork: who forked. */
  readonly parentPid: number | null
}

const NETLINK_CONNECTOR = 11
const CN_IDX_PROC = 1
const CN_VAL_PROC = 1
const PROC_CN_MCAST_LISTEN = 1
const NETLINK_HEADER_BYTES = 16
const CONNECTOR_HEADER_BYTES = 20
/** what, cpu, timestamp_ns. */
const EVENT_HEADER_BYTES = 16
const NLMSG_DONE = 3
/** Some thousand events: a build server forks that many while a steward is busy. */
const RECEIVE_BYTES = 1 << 20
const WHAT: ReadonlyMap<number, ProcessEvent['what']> = new Map([
  [0x1, 'fork'],
  [0x2, 'exec'],
  [0x200, 'name'],
  [0x8000_0000, 'exit'],
])

/** Null: this message tells of a thread, or of something else. */
export function decodeProcessEvent(message: Uint8Array): ProcessEvent | null {
  const start = NETLINK_HEADER_BYTES + CONNECTOR_HEADER_BYTES
  if (message.length < start + EVENT_HEADER_BYTES + 8) return null
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength)
  const u32 = (at: number) => view.getUint32(at, LITTLE_ENDIAN)
  if (u32(NETLINK_HEADER_BYTES) !== CN_IDX_PROC || u32(NETLINK_HEADER_BYTES + 4) !== CN_VAL_PROC) return null
  const what = WHAT.get(u32(start))
  if (what === undefined) return null
  const at = start + EVENT_HEADER_BYTES
  if (what !== 'fork') {
    const [pid, processPid] = [u32(at), u32(at + 4)]
    return pid === processPid ? { what, pid, parentPid: null } : null
  }
  if (message.length < at + 16) return null
  const [parentPid, pid, processPid] = [u32(at + 4), u32(at + 8), u32(at + 12)]
  return pid === processPid ? { what, pid, parentPid } : null
}

/** The message that asks for them. */
export function encodeListen(): Uint8Array {
  const length = NETLINK_HEADER_BYTES + CONNECTOR_HEADER_BYTES + 4
  const bytes = new Uint8Array(length)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, length, LITTLE_ENDIAN)
  view.setUint16(4, NLMSG_DONE, LITTLE_ENDIAN)
  view.setUint32(NETLINK_HEADER_BYTES, CN_IDX_PROC, LITTLE_ENDIAN)
  view.setUint32(NETLINK_HEADER_BYTES + 4, CN_VAL_PROC, LITTLE_ENDIAN)
  view.setUint16(NETLINK_HEADER_BYTES + 16, 4, LITTLE_ENDIAN)
  view.setUint32(NETLINK_HEADER_BYTES + CONNECTOR_HEADER_BYTES, PROC_CN_MCAST_LISTEN, LITTLE_ENDIAN)
  return bytes
}

export interface ProcessEvents {
  close(): void
}

/** `lost`: the kernel had to drop some; only /proc tells the truth then. Null: there is no such news here. */
export function openProcessEvents(
  netio: Netio,
  handlers: { happened(event: ProcessEvent): void; lost(): void },
): ProcessEvents | null {
  let socket: NativeSocket | null = null
  try {
    socket = netio.socket(AF_NETLINK, SOCK_DGRAM, NETLINK_CONNECTOR)
    socket.setOption(SOL_SOCKET, SO_RCVBUF, optionNumber(RECEIVE_BYTES))
    socket.bind(netlinkAddress(CN_IDX_PROC))
    socket.send(encodeListen(), netlinkAddress(), null)
  } catch {
    socket?.close()
    return null
  }
  const opened = socket
  const buffer = new Uint8Array(1024)
  opened.watch(() => {
    for (;;) {
      try {
        const received = opened.receive(buffer, null, null)
        if (received === null) return
        const event = decodeProcessEvent(buffer.subarray(0, received.bytes))
        if (event !== null) handlers.happened(event)
      } catch {
        // ENOBUFS: some were dropped. What follows is read when we are called again, at once.
        handlers.lost()
        return
      }
    }
  })
  return opened
}
