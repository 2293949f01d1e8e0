/** `STATE/steward.sock`: one JSON object to whoever connects, then the end. Read by `aloft status`. */
import { chmodSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'

/** Rejects when the path cannot be listened on. The caller holds the steward's lock: what lies there is stale. */
export async function serveStatus(path: string, read: () => Promise<unknown>): Promise<{ close(): void }> {
  rmSync(path, { force: true })
  const server = createServer((socket) => {
    socket.on('error', () => {})
    socket.resume()
    read().then(
      (status) => socket.end(`${JSON.stringify(status)}\n`),
      () => socket.destroy(),
    )
  })
  server.maxConnections = 16
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(path, resolve)
  })
  server.on('error', () => {})
  chmodSync(path, 0o600)
  return { close: () => void server.close() }
}
