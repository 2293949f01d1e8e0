/**
 * The native addon (`agent/native/`): the system calls the router needs and Node lacks. What it throws: TypeError and
 * RangeError for arguments that make no sense, Node-like errors (`code`, `errno`, `syscall`) for the kernel's refusals.
 */
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

export interface Received {
  readonly bytes: number
  readonly addressBytes: number
  readonly controlBytes: number
  /** recvmsg(2) msg_flags: MSG_TRUNC 0x20, MSG_CTRUNC 0x8. */
  readonly flags: number
}

/** Owns a file descriptor. After close() every other call throws ERR_CLOSED; `fd` is then -1. */
interface Descriptor {
  readonly fd: number
  close(): void
  /** Calls back whenever there is something to read (a timer: once it has rung); null stops it. */
  watch(callback: (() => void) | null): void
  /** Nobody is called back until it goes on; cheaper than to stop watching and to begin again. */
  pause(isPaused: boolean): void
}

/** A datagram socket, non-blocking and close-on-exec. Addresses are sockaddr bytes, controls cmsghdr bytes. */
export interface NativeSocket extends Descriptor {
  bind(address: Uint8Array): void
  setOption(level: number, name: number, value: number | Uint8Array): void
  /** Bytes written into `into`. */
  getOption(level: number, name: number, into: Uint8Array): number
  /** Receives from now on only what a classic BPF program (struct sock_filter, 8 bytes each) lets through. */
  setFilter(program: Uint8Array): void
  /** Bytes sent. Throws EAGAIN when the send buffer is full. */
  send(data: Uint8Array, address: Uint8Array | null, control: Uint8Array | null): number
  /** Up to 64 messages to one address in one system call; how many of them went. */
  sendMany(list: readonly Uint8Array[], address: Uint8Array | null, control: Uint8Array | null): number
  /** Null when nothing is there. */
  receive(data: Uint8Array, address: Uint8Array | null, control: Uint8Array | null): Received | null
  /** Up to 64 messages in one system call, one into each buffer. */
  receiveMany(list: readonly Uint8Array[]): Received[]
  /**
   * Up to 64 messages in one system call, one into each `slotBytes` of `data`; how many came, 0 when nothing is there.
   * `lengths` takes their lengths, four bytes each in the machine's order.
   */
  receiveBatch(data: Uint8Array, slotBytes: number, lengths: Uint8Array): number
}

export interface NativeTimer extends Descriptor {
  /** Rings once CLOCK_MONOTONIC has reached `atMs` (fractional milliseconds); null switches it off. */
  setTimer(atMs: number | null): void
}

export interface Netio {
  /** AF_UNIX, AF_INET, AF_INET6, AF_NETLINK or AF_PACKET; SOCK_DGRAM or SOCK_RAW. */
  socket(domain: number, type: number, protocol: number): NativeSocket
  /** Another handle to a datagram or raw socket that somebody else opened and goes on owning. */
  adopt(fd: number): NativeSocket
  /** timerfd(2) on CLOCK_MONOTONIC. */
  timer(): NativeTimer
  setCloseOnExec(fd: number): void
  isReadable(fd: number): boolean
  interfaceIndex(name: string): number
  /** setns(2): sockets this thread opens from now on belong to the network namespace behind `fd`. */
  setNetworkNamespace(fd: number): void
  /** sched_setscheduler(2); `tid` 0 is the calling thread. */
  setScheduler(tid: number, policy: number, priority: number): void
  getScheduler(tid: number): { policy: number; priority: number }
  /**
   * RLIMIT_RTTIME of this process, which its children inherit: microseconds that a real-time thread may run without
   * sleeping, before SIGXCPU (soft) and before SIGKILL (hard). Null is no limit.
   */
  setRealtimeLimit(soft: number | null, hard: number | null): void
  getRealtimeLimit(): { soft: number | null; hard: number | null }
}

let loaded: Netio | null = null

/** The addon, loaded once. Throws with what to do when it has not been built. */
export function netio(): Netio {
  // `as`: the addon's shape is what agent/native/netio.c defines, which the compiler cannot see.
  loaded ??= createRequire(import.meta.url)(findAddon()) as Netio
  return loaded
}

/** Looks upwards, because this module runs both from its source and from a bundle in `agent/dist`. */
function findAddon(): string {
  const start = path.dirname(fileURLToPath(import.meta.url))
  for (let folder = start; ; folder = path.dirname(folder)) {
    for (const candidate of ['native/build/Release/netio.node', 'agent/native/build/Release/netio.node']) {
      if (existsSync(path.join(folder, candidate))) return path.join(folder, candidate)
    }
    if (folder === path.dirname(folder)) break
  }
  throw new Error('the native addon netio.node is not built; run: npm run build (needs a C compiler)')
}
