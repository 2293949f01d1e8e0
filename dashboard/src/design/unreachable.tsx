/** Shown while there is nothing to show, for the centre did not answer. */
export function Unreachable({ message, retry }: { readonly message: string; readonly retry: () => unknown }) {
  return (
    <div className="alone">
      <h1>No answer</h1>
      <p className="sentence">{message}</p>
      <p className="quiet">
        The agents go on electing and failing over without it; nothing they see is lost. This page asks again
        by itself.
      </p>
      <button type="button" onClick={() => retry()}>
        Try again now
      </button>
    </div>
  )
}
