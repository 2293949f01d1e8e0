import { SignedOut } from './access/signed-out.tsx'
import { isSignedOut } from './api/client.ts'
import { Timeline } from './failovers/timeline.tsx'
import { useSites } from './live/fleet.ts'
import { LiveSign } from './live/live-sign.tsx'
import { useLiveStream } from './live/stream.ts'
import { Legend } from './overview/legend.tsx'
import { Summary } from './overview/summary.tsx'
import { SiteList } from './sites/site-list.tsx'

export function App() {
  const sites = useSites()
  if (isSignedOut(sites.error)) return <SignedOut />
  if (sites.error !== null && sites.data === undefined)
    return <Unreachable message={sites.error.message} retry={sites.refetch} />
  return <Fleet />
}

function Fleet() {
  const liveness = useLiveStream()
  return (
    <>
      <header className="bar">
        <h1 className="brand">
          <img src="/favicon.svg" alt="" width="26" height="26" /> Aloft
        </h1>
        <div className="bar-end">
          <LiveSign liveness={liveness} />
          <form method="post" action="/sign-out">
            <button type="submit">Sign out</button>
          </form>
        </div>
      </header>
      <main className={liveness === 'lost' ? 'stale' : ''}>
        <Summary />
        <div className="columns">
          <SiteList />
          <Timeline />
        </div>
        <Legend />
      </main>
    </>
  )
}

function Unreachable({ message, retry }: { readonly message: string; readonly retry: () => unknown }) {
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
