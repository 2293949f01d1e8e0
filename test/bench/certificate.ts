/** A certificate for 127.0.0.1 that is its own authority. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'

export interface Certificate {
  readonly certFile: string
  readonly keyFile: string
  remove(): void
}

export function makeCertificate(): Certificate {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'aloft-certificate-'))
  const certFile = path.join(folder, 'centre.crt')
  const keyFile = path.join(folder, 'centre.key')
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', keyFile]
  const subject = ['-subj', '/CN=centre', '-addext', 'subjectAltName=IP:127.0.0.1']
  execFileSync('openssl', ['req', '-x509', '-days', '2', ...key, '-out', certFile, ...subject], {
    stdio: 'pipe',
  })
  return { certFile, keyFile, remove: () => rmSync(folder, { recursive: true, force: true }) }
}
