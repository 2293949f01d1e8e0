import type { Account } from '@aloft/shared/api/access'
import { useEffect } from 'react'
import { NoRole } from '../access/no-role.tsx'
import { SignedOut } from '../access/signed-out.tsx'
import { isForbidden, isSignedOut } from '../api/client.ts'
import { Bar } from '../design/bar.tsx'
import { Unreachable } from '../design/unreachable.tsx'
import { Grants } from './grants.tsx'
import { useAccount } from './own-account.ts'
import { PasswordForm } from './password-form.tsx'

/** Who is signed in, as what, and one's own password. */
export function AccountPage() {
  const { data: account, error, refetch } = useAccount()
  useEffect(() => {
    document.title = 'Your account · Aloft'
  }, [])
  if (isSignedOut(error)) return <SignedOut />
  if (error !== null && isForbidden(error)) return <NoRole message={error.message} />
  if (account === undefined)
    return error === null ? null : <Unreachable message={error.message} retry={refetch} />
  return (
    <>
      <Bar>
        <a href="/">Fleet</a>
      </Bar>
      <main className="narrow">
        <h1>Your account</h1>
        <section className="card" aria-labelledby="who">
          <h2 id="who">Signed in as</h2>
          <Who account={account} />
          <Grants account={account} />
        </section>
        <section className="card" aria-labelledby="password">
          <h2 id="password">Password</h2>
          {account.hasPassword ? <PasswordForm name={account.name} /> : <NoPassword kind={account.kind} />}
        </section>
      </main>
    </>
  )
}

const KINDS: Readonly<Record<Account['kind'], string>> = {
  user: '',
  token: 'With an API token. ',
  console: 'With a link that the control plane printed. ',
}

function Who({ account: { name, kind, expiresAt } }: { readonly account: Account }) {
  return (
    <div>
      <p className="who">{name}</p>
      <p className="quiet small">
        {KINDS[kind]}
        {expiresAt !== null && (
          <>
            Until <time dateTime={expiresAt}>{new Date(expiresAt).toLocaleString()}</time> at the latest; a
            day without use ends it sooner.
          </>
        )}
      </p>
    </div>
  )
}

function NoPassword({ kind }: { readonly kind: Account['kind'] }) {
  if (kind === 'token')
    return <p>An API token has no password. Whoever made it can revoke it and make another.</p>
  if (kind === 'user')
    return <p>You sign in through the identity provider and have no password here. It is changed there.</p>
  return (
    <p>
      Nobody is signed in by name, so there is no password to change. Make yourself a user with{' '}
      <code>aloft user create NAME --role admin</code>.
    </p>
  )
}
