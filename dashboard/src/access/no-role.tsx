/** Shown instead of what somebody who is signed in may not see. */
export function NoRole({ message }: { readonly message: string }) {
  return (
    <div className="alone">
      <h1>Nothing to show</h1>
      <p>
        You are signed in, and have no role here yet. Whoever manages users can give you one; this page looks
        again by itself.
      </p>
      <p className="quiet sentence">{message}</p>
      <form method="post" action="/sign-out">
        <button type="submit">Sign out</button>
      </form>
    </div>
  )
}
