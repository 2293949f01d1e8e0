import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import https from 'node:https'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect, type SecureVersion } from 'node:tls'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { stopLeftover } from './database/postmaster.ts'

const folder = mkdtempSync(path.join(os.tmpdir(), 'aloft-tls-'))
chmodSync(folder, 0o755)
const at = (name: string) => path.join(folder, name)
let child: ChildProcess
let output = ''
let port = 0

/** A certificate of its own authority for 127.0.0.1, NAME.crt and NAME.key. */
function makeCertificate(name: string): void {
  const subject = ['-subj', `/CN=${name}`, '-addext', 'subjectAltName=IP:127.0.0.1']
  const key = [
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:prime256v1',
    '-nodes',
    '-keyout',
    at(`${name}.key`),
  ]
  execFileSync('openssl', ['req', '-x509', '-days', '2', ...key, '-out', at(`${name}.crt`), ...subject], {
    stdio: 'pipe',
  })
}

function install(name: string, parts: readonly ('crt' | 'key')[] = ['crt', 'key']): void {
  for (const part of parts) copyFileSync(at(`${name}.${part}`), at(`served.${part}`))
}

function controlPlane(dataDir: string, args: readonly string[]): ChildProcess {
  const { DATABASE_URL: _, ...env } = process.env
  const main = path.join(import.meta.dirname, 'main.ts')
  return spawn(process.execPath, ['--import', 'tsx', main, '--port', '0', '--data-dir', dataDir, ...args], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
}

async function refusal(args: readonly string[]): Promise<readonly [number | null, string]> {
  const refused = controlPlane(at('refused'), args)
  let said = ''
  for (const stream of [refused.stdout, refused.stderr]) stream?.on('data', (text) => (said += String(text)))
  await once(refused, 'exit')
  return [refused.exitCode, said]
}

/** The common name of the certificate that a new connection is shown. */
async function servedName(): Promise<string> {
  const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false })
  await once(socket, 'secureConnect')
  const { subject } = socket.getPeerCertificate()
  socket.destroy()
  return String(subject.CN)
}

async function until(what: string, holds: () => Promise<boolean> | boolean): Promise<void> {
  const giveUpAtMs = performance.now() + 40_000
  while (!(await holds())) {
    if (performance.now() > giveUpAtMs) throw new Error(`not within 40 s: ${what}\n${output}`)
    await sleep(50)
  }
}

function get(route: string): Promise<{ readonly status: number | undefined; readonly body: string }> {
  const options = { host: '127.0.0.1', port, path: route, ca: readFileSync(at('first.crt')) }
  return new Promise((resolve, reject) => {
    const request = https.get({ ...options, agent: false }, (response) => {
      let body = ''
      response.on('data', (chunk) => (body += String(chunk)))
      response.on('end', () => resolve({ status: response.statusCode, body }))
    })
    request.on('error', reject)
  })
}

beforeAll(async () => {
  for (const name of ['first', 'second', 'third']) makeCertificate(name)
  install('first')
  child = controlPlane(at('data'), ['--tls-cert', at('served.crt'), '--tls-key', at('served.key')])
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (text) => (output += String(text)))
  await until('a control plane', () => {
    if (child.exitCode !== null) throw new Error(output)
    return output.includes('Sign in')
  })
  port = Number(/^Aloft control plane: https:\/\/127\.0\.0\.1:(\d+)$/m.exec(output)?.[1])
})

afterAll(async () => {
  if (child.exitCode === null && child.signalCode === null) {
    const ended = once(child, 'exit')
    child.kill('SIGTERM')
    await ended
  }
  await stopLeftover(path.join(at('data'), 'postgres'), () => {})
  rmSync(folder, { recursive: true, force: true })
})

it('serves the API by https, names itself so, and marks its cookie secure', async () => {
  expect(await get('/healthz')).toEqual({ status: 200, body: 'ok\n' })
  expect(output).toMatch(/^Sign in .*: https:\/\/127\.0\.0\.1:/m)
  const code = /sign-in(\?code=\S+)/.exec(output)?.[1]
  const cookie = await new Promise<string>((resolve, reject) => {
    const options = { host: '127.0.0.1', port, path: `/sign-in${code}`, ca: readFileSync(at('first.crt')) }
    https.get(options, (response) => resolve(String(response.headers['set-cookie']))).on('error', reject)
  })
  expect(cookie).toContain('Secure')
})

it('speaks TLS 1.2 and 1.3, and nothing older or plain', async () => {
  const versionOf = async (version: SecureVersion): Promise<string | null> => {
    const options = { host: '127.0.0.1', port, rejectUnauthorized: false, ciphers: 'DEFAULT@SECLEVEL=0' }
    const socket = connect({ ...options, minVersion: version, maxVersion: version })
    try {
      await once(socket, 'secureConnect')
      return socket.getProtocol()
    } catch {
      return null
    } finally {
      socket.destroy()
    }
  }
  expect(await versionOf('TLSv1.3')).toBe('TLSv1.3')
  expect(await versionOf('TLSv1.2')).toBe('TLSv1.2')
  expect(await versionOf('TLSv1.1')).toBe(null)
  await expect(fetch(`http://127.0.0.1:${port}/healthz`)).rejects.toThrow()
})

it('reads the files again on SIGHUP; a pair that does not fit leaves the old one in use', async () => {
  install('second')
  child.kill('SIGHUP')
  await until('the second certificate', async () => (await servedName()) === 'second')
  install('third', ['crt'])
  child.kill('SIGHUP')
  await until('a warning', () => output.includes('the one before it stays in use'))
  expect(await servedName()).toBe('second')
  writeFileSync(at('served.crt'), 'no PEM')
  child.kill('SIGHUP')
  expect(await servedName()).toBe('second')
})

it('notices new files by itself', async () => {
  install('third')
  await until('the third certificate', async () => (await servedName()) === 'third')
})

it('says at the start what cannot be used', async () => {
  expect(await refusal(['--tls-cert', at('first.crt')])).toEqual([
    2,
    'aloft: --tls-cert needs --tls-key too\n',
  ])
  const [code, said] = await refusal(['--tls-cert', at('first.crt'), '--tls-key', at('second.key')])
  expect([code, said]).toEqual([1, expect.stringContaining('the key that of the first certificate')])
  const [, missing] = await refusal(['--tls-cert', at('none.crt'), '--tls-key', at('first.key')])
  expect(missing).toContain(`--tls-cert ${at('none.crt')} cannot be read`)
})
