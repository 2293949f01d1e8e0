import { useAccount } from './own-account.ts'

/** Who is signed in, as the way to their account. */
export function AccountLink() {
  const name = useAccount().data?.name
  return (
    <a className="account-link" href="/account" title={name === undefined ? undefined : `Account of ${name}`}>
      {name ?? 'Account'}
    </a>
  )
}
