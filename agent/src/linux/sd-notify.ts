/** Telling systemd that we are up, alive, or about to end (sd_notify(3)). */
import { AF_UNIX, SOCK_DGRAM, unixSocketAddress } from './kernel-numbers.ts'
import type { Netio } from './netio.ts'

/**
 * Sends a state (`READY=1`, `WATCHDOG=1`, `STATUS=…`) to the socket systemd named in `NOTIFY_SOCKET`. False when there
 * is none or it does not listen: a service manager's absence is no reason to fail.
 */
export function notifySystemd(
  netio: Netio,
  state: string,
  socketName = process.env['NOTIFY_SOCKET'],
): boolean {
  if (socketName === undefined || socketName === '') return false
  const socket = netio.socket(AF_UNIX, SOCK_DGRAM, 0)
  try {
    socket.send(new TextEncoder().encode(state), unixSocketAddress(socketName), null)
    return true
  } catch {
    return false
  } finally {
    socket.close()
  }
}
