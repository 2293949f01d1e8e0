/** Which port the demo's dashboard gets. */
import { createServer } from 'node:net'

export const DASHBOARD_PORT = 8080
const TRIED = 20

/** 8080, or the next one that is free; 0, any, when none of them is. */
export async function freeDashboardPort(host = '127.0.0.1', wanted = DASHBOARD_PORT): Promise<number> {
  for (let port = wanted; port < wanted + TRIED; port++) if (await isFree(host, port)) return port
  return 0
}

function isFree(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen({ host, port }, () => server.close(() => resolve(true)))
  })
}
