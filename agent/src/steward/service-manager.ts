/** What systemd is told of an agent that is a `Type=notify` service (sd_notify(3), sd_watchdog_enabled(3)). */
import { netio } from '../linux/netio.ts'
import { notifySystemd } from '../linux/sd-notify.ts'

export interface ServiceManager {
  /** The router runs what it was asked to run. Said once. */
  ready(): void
  stopping(): void
}

export interface ServiceEnvironment {
  readonly variables: Readonly<Record<string, string | undefined>>
  readonly pid: number
  readonly send: (state: string) => void
}

/**
 * Says nothing where nobody listens. With a watchdog it signs in twice per period, from the event loop, so that a
 * steward that hangs is restarted; VRRP goes on meanwhile in the router process.
 */
export function serviceManager({ variables, pid, send }: ServiceEnvironment): ServiceManager {
  const { NOTIFY_SOCKET, WATCHDOG_USEC, WATCHDOG_PID } = variables
  if (!NOTIFY_SOCKET) return { ready() {}, stopping() {} }
  const periodMs = Number(WATCHDOG_USEC) / 1_000
  const isForUs = !WATCHDOG_PID || Number(WATCHDOG_PID) === pid
  if (periodMs > 0 && isForUs) setInterval(() => send('WATCHDOG=1'), periodMs / 2).unref()
  let isReady = false
  return {
    ready() {
      if (!isReady) send('READY=1')
      isReady = true
    },
    stopping: () => send('STOPPING=1'),
  }
}

/** The one this process was started by, if any. */
export function ourServiceManager(log: (text: string) => void): ServiceManager {
  let hasFailed = false
  const send = (state: string) => {
    if (notifySystemd(netio(), state) || hasFailed) return
    hasFailed = true
    log(`the service manager at NOTIFY_SOCKET=${process.env['NOTIFY_SOCKET']} does not take ${state}`)
  }
  return serviceManager({ variables: process.env, pid: process.pid, send })
}
