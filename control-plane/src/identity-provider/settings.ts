import { readFileSync } from 'node:fs'
import { AccessRole } from '@aloft/shared/api/access'
import { z } from 'zod'

const Mapped = z.array(
  z.strictObject({ role: AccessRole, sites: z.array(z.string().min(1)).min(1).nullable() }),
)

const HttpUrl = z.url({ protocol: /^https?$/ })

/** The file of `--identity-provider`. docs/decisions/0020 has one to begin with. */
const Settings = z.strictObject({
  /** What the provider calls itself: `ISSUER/.well-known/openid-configuration` is read. */
  issuer: HttpUrl,
  clientId: z.string().min(1),
  /** A file with the secret and nothing else; without one the client is public (PKCE protects either). */
  clientSecretFile: z.string().min(1).optional(),
  /** Where browsers reach this control plane; `PUBLICURL/sign-in/provider/callback` is the redirect URI. */
  publicUrl: HttpUrl,
  /** On the button. */
  label: z.string().min(1).max(60).default('single sign-on'),
  scopes: z.array(z.string().regex(/^\S+$/)).default(['openid', 'profile', 'email']),
  /** Which claim names a new user. */
  nameClaim: z.string().min(1).default('preferred_username'),
  /** Which claim says what a user may: a text or a list of texts. Dots lead into objects (`realm_access.roles`). */
  grantsClaim: z.string().min(1).default('groups'),
  /** What each of its values gives; `*` is for everybody the provider lets in. */
  grants: z.record(z.string(), Mapped),
})

export interface ProviderSettings extends z.infer<typeof Settings> {
  readonly clientSecret: string | null
}

/** Reads the file, and the secret it names. Throws a RangeError that says what is wrong with which. */
export function readProviderSettings(file: string): ProviderSettings {
  const parsed = Settings.safeParse(parse(file))
  if (!parsed.success) {
    const faults = parsed.error.issues.map((issue) => `/${issue.path.join('/')}: ${issue.message}`)
    throw new RangeError(`${file}: ${faults.join('; ')}`)
  }
  const settings = parsed.data
  requireTls(file, 'issuer', settings.issuer)
  if (!settings.scopes.includes('openid')) throw new RangeError(`${file}: /scopes: must hold openid`)
  const { clientSecretFile } = settings
  const clientSecret = clientSecretFile === undefined ? null : read(clientSecretFile).trim()
  if (clientSecret === '') throw new RangeError(`${clientSecretFile} is empty`)
  return { ...settings, clientSecret }
}

/** What the provider answers decides who is an admin: it does not come over a wire that anybody may write on. */
function requireTls(file: string, name: string, url: string): void {
  const { protocol, hostname } = new URL(url)
  if (protocol === 'https:' || isLoopback(hostname)) return
  throw new RangeError(`${file}: /${name}: must be https, unless it is on this machine`)
}

export function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d{1,3}){3}$/.test(hostname)
}

function parse(file: string): unknown {
  const text = read(file)
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new RangeError(`${file} is not JSON: ${error instanceof Error ? error.message : String(error)}`)
  }
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw new RangeError(`cannot read ${file}: ${error instanceof Error ? error.message : String(error)}`)
  }
}
