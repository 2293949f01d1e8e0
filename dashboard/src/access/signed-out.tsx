/** Shown instead of anything about the fleet while this browser has no session. */
export function SignedOut() {
  return (
    <div className="alone">
      <img src="/favicon.svg" alt="" width="48" height="48" />
      <h1>Signed out</h1>
      <a className="button" href="/sign-in">
        Sign in
      </a>
      <p>
        Or open the sign-in link that <code>npm start</code> or <code>aloft control-plane</code> printed. A
        link works once; a restart of the control plane prints a new one.
      </p>
      <p className="quiet">
        Scripts use an API token instead: <code>Authorization: Bearer …</code>, the first one is in{' '}
        <code>admin-token</code> in the control plane's data directory.
      </p>
    </div>
  )
}
