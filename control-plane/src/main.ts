import { parseArgs } from 'node:util'
import { parsePort, runControlPlane } from './command.ts'

/** The control plane's own entry point (`node agent/dist/control-plane.js`); `aloft control-plane` takes the same. */
async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      port: { type: 'string' },
      host: { type: 'string' },
      'data-dir': { type: 'string' },
      'database-url': { type: 'string' },
      'unix-socket': { type: 'string' },
      'no-websockets': { type: 'boolean' },
      'tls-cert': { type: 'string' },
      'tls-key': { type: 'string' },
      bus: { type: 'string' },
      'otlp-endpoint': { type: 'string' },
    },
  })
  return runControlPlane({
    port: values.port === undefined ? undefined : parsePort(values.port, '--port'),
    host: values.host,
    dataDir: values['data-dir'],
    databaseUrl: values['database-url'],
    unixSocket: values['unix-socket'],
    webSockets: values['no-websockets'] === true ? false : undefined,
    tlsCert: values['tls-cert'],
    tlsKey: values['tls-key'],
    bus: values.bus,
    otlpEndpoint: values['otlp-endpoint'],
  })
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    console.error(`aloft: ${error instanceof Error ? error.message : String(error)}`)
    process.exit(2)
  },
)
