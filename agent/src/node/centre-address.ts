/** Where the control plane is, as `--control-plane` says it: http(s)://HOST[:PORT][/PREFIX] or unix:/PATH. */

export type CentreAddress =
  | { readonly kind: 'tcp'; readonly text: string; readonly url: URL }
  | { readonly kind: 'unix'; readonly text: string; readonly path: string }

/** Throws an Error that says what would be right. */
export function parseCentreAddress(text: string): CentreAddress {
  if (text.startsWith('unix:')) {
    const path = text.slice('unix:'.length).replace(/^\/\/(?=\/)/, '')
    if (!path.startsWith('/'))
      throw new Error(`--control-plane ${text}: a unix socket needs an absolute path`)
    return { kind: 'unix', text, path }
  }
  const url = URL.canParse(text) ? new URL(text) : null
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:'))
    throw new Error(`--control-plane ${text}: expected https://HOST, http://HOST or unix:/PATH`)
  if (url.username || url.password || url.search || url.hash)
    throw new Error(`--control-plane ${text}: expected only a host, a port and perhaps a path`)
  return { kind: 'tcp', text, url }
}

/** Several URLs of one centre, separated by commas or given one by one, each once. Throws like `parseCentreAddress`. */
export function parseCentreAddresses(texts: readonly string[]): readonly CentreAddress[] {
  const urls = texts.flatMap((text) => text.split(',')).map((text) => text.trim())
  const addresses = [...new Set(urls.filter((text) => text !== ''))].map(parseCentreAddress)
  if (addresses.length === 0) throw new Error('--control-plane: expected at least one URL')
  return addresses
}

/** What to tell the operator about a centre that is spoken to in the clear; null when it is not. */
export function plainHttpWarning(address: CentreAddress): string | null {
  if (address.kind !== 'tcp' || address.url.protocol !== 'http:') return null
  const isThisHost = /^(localhost|127(\.\d+){3}|\[::1\])$/.test(address.url.hostname)
  const consequence = isThisHost
    ? 'that is safe only while both are on this host'
    : 'anybody on the way can read what this agent reports, its enrolment token included; use https://'
  return `warning: ${address.text} is plain http; ${consequence}`
}

/** The URL of a path below the centre's own; for a unix socket the host means nothing. */
export function endpoint(address: CentreAddress, path: string): URL {
  if (address.kind === 'unix') return new URL(path, 'http://localhost')
  const url = new URL(address.url)
  url.pathname = url.pathname.replace(/\/+$/, '') + path
  return url
}
