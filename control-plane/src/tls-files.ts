import { readFileSync, unwatchFile, watchFile } from 'node:fs'
import type { Server } from 'node:https'
import { createSecureContext } from 'node:tls'

/** Where the certificate (with its chain) and its key lie, both PEM. */
export interface TlsFiles {
  readonly certFile: string
  readonly keyFile: string
}

export interface TlsMaterial {
  readonly cert: Buffer
  readonly key: Buffer
  readonly minVersion: 'TLSv1.2'
}

/** The files cannot serve TLS; the message says which and why. */
export class TlsFilesUnusable extends Error {
  override readonly name = 'TlsFilesUnusable'
}

export interface TlsKeeper {
  /** Reads the files again now. What cannot be used is told, and the certificate in use stays. */
  reload(): void
  stop(): void
}

/** Polling follows symlinks, which is how certbot and Kubernetes replace certificates; inotify does not. */
const LOOK_EVERY_MS = 5_000

/** Reads both files and makes sure that they belong together. Throws `TlsFilesUnusable`. */
export function readTls({ certFile, keyFile }: TlsFiles): TlsMaterial {
  const material = {
    cert: read(certFile, '--tls-cert'),
    key: read(keyFile, '--tls-key'),
    minVersion: 'TLSv1.2',
  } as const
  try {
    createSecureContext(material)
  } catch (error) {
    throw new TlsFilesUnusable(
      `--tls-cert ${certFile} and --tls-key ${keyFile} cannot serve TLS (${textOf(error)}); ` +
        'they must be PEM, and the key that of the first certificate',
      { cause: error },
    )
  }
  return material
}

/** Keeps a server's certificate that of the files: on `reload`, and within seconds of a change. */
export function keepTls(
  server: Pick<Server, 'setSecureContext'>,
  files: TlsFiles,
  log: { info(facts: object, message: string): void; warn(facts: object, message: string): void },
): TlsKeeper {
  let inUse = readTls(files)
  const reload = (): void => {
    try {
      const next = readTls(files)
      if (next.cert.equals(inUse.cert) && next.key.equals(inUse.key)) return
      server.setSecureContext(next)
      inUse = next
      log.info({ certFile: files.certFile }, 'the TLS certificate was read again')
    } catch (error) {
      // Half of a pair was replaced, or it is being written: the old pair serves until both fit.
      log.warn({ err: error }, 'the TLS certificate on disk cannot be used; the one before it stays in use')
    }
  }
  const paths = [files.certFile, files.keyFile]
  for (const path of paths) watchFile(path, { interval: LOOK_EVERY_MS, persistent: false }, reload)
  return {
    reload,
    stop: () => {
      for (const path of paths) unwatchFile(path, reload)
    },
  }
}

function read(file: string, option: string): Buffer {
  try {
    return readFileSync(file)
  } catch (error) {
    throw new TlsFilesUnusable(`${option} ${file} cannot be read (${textOf(error)})`, { cause: error })
  }
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
