import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'

interface StaticFile {
  readonly body: Uint8Array<ArrayBuffer>
  readonly type: string
  readonly etag: string
  /** Its name holds a hash of its content, so it never changes. */
  readonly immutable: boolean
}

/** By URL path. The files are few and small: they are held in memory, and no path of a request reaches the disk. */
export type StaticFiles = ReadonlyMap<string, StaticFile>

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.woff2': 'font/woff2',
  '.json': 'application/json',
}

/** Everything under `folder`, or null when it holds no index.html. */
export function loadStaticFiles(folder: string): StaticFiles | null {
  if (!existsSync(path.join(folder, 'index.html'))) return null
  const files = new Map<string, StaticFile>()
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue
    const file = path.join(entry.parentPath, entry.name)
    const name = `/${path.relative(folder, file).split(path.sep).join('/')}`
    const body = new Uint8Array(readFileSync(file))
    files.set(name, {
      body,
      type: TYPES[path.extname(name)] ?? 'application/octet-stream',
      etag: `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`,
      immutable: name.startsWith('/assets/'),
    })
  }
  return files
}

/**
 * The file of that name; for any other path that a page may have (no dot in its last part) the index, whose script
 * knows the page. Null when there is nothing.
 */
export function staticAnswer(
  files: StaticFiles,
  pathname: string,
  ifNoneMatch: string | null,
): Response | null {
  const isPage = !(pathname.split('/').at(-1) ?? '').includes('.')
  const file = files.get(pathname) ?? (isPage ? files.get('/index.html') : undefined)
  if (file === undefined) return null
  const headers = {
    'content-type': file.type,
    etag: file.etag,
    'cache-control': file.immutable ? 'public, max-age=31536000, immutable' : 'no-cache',
  }
  if (ifNoneMatch === file.etag) return new Response(null, { status: 304, headers })
  return new Response(file.body, { headers })
}
