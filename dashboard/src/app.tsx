import { NoRole } from './access/no-role.tsx'
import { SignedOut } from './access/signed-out.tsx'
import { AccountLink } from './account/account-link.tsx'
import { AccountPage } from './account/account-page.tsx'
import { isForbidden, isSignedOut } from './api/client.ts'
import { Bar } from './design/bar.tsx'
import { Unreachable } from './design/unreachable.tsx'
import { Timeline } from './failovers/timeline.tsx'
import { useIsOutOfDate, useSites } from './live/fleet.ts'
import { LiveSign } from './live/live-sign.tsx'
import { useLiveStream } from './live/stream.ts'
import { CutOff } from './overview/cut-off.tsx'
import { Legend } from './overview/legend.tsx'
import { Summary } from './overview/summary.tsx'
import { SiteList } from './sites/site-list.tsx'

/** Pages are asked of the centre, which answers every address with the one script: there is nothing to keep between two of them. */
export function App() {
  return location.pathname === '/account' ? <AccountPage /> : <FleetPage />
}

function FleetPage() {
  const sites = useSites()
  if (isSignedOut(sites.error)) return <SignedOut />
  if (sites.error !== null && isForbidden(sites.error)) return <NoRole message={sites.error.message} />
  if (sites.error !== null && sites.data === undefined)
    return <Unreachable message={sites.error.message} retry={sites.refetch} />
  return <Fleet />
}

function Fleet() {
  const stream = useLiveStream()
  const liveness = useIsOutOfDate() ? 'lost' : stream
  return (
    <>
      <Bar heading>
        <LiveSign liveness={liveness} />
        <AccountLink />
      </Bar>
      <main className={liveness === 'lost' ? 'stale' : ''}>
        <CutOff />
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
