import { useSites } from '../live/fleet.ts'
import { fleetTotals } from './totals.ts'

/** The fleet in five numbers. A number that should be zero stands out only when it is not. */
export function Summary() {
  const { data: sites } = useSites()
  if (sites === undefined) return <section className="figures" aria-busy="true" aria-label="Fleet summary" />
  const totals = fleetTotals(sites.items)
  return (
    <section className="figures" aria-label="Fleet summary">
      <Figure label="Sites" value={totals.sites} />
      <Figure
        label="Agents connected"
        value={`${totals.connected} / ${totals.agents}`}
        tone={totals.connected < totals.agents ? 'warn' : 'plain'}
      />
      <Figure label="Routers served" value={`${totals.served} / ${totals.virtualRouters}`} />
      <Figure label="Split brain" value={totals.splitBrain} tone={totals.splitBrain > 0 ? 'bad' : 'plain'} />
      <Figure label="No active" value={totals.noActive} tone={totals.noActive > 0 ? 'bad' : 'plain'} />
      <Figure label="Unknown" value={totals.unknown} tone={totals.unknown > 0 ? 'warn' : 'plain'} />
    </section>
  )
}

interface FigureProps {
  readonly label: string
  readonly value: string | number
  readonly tone?: 'plain' | 'warn' | 'bad'
}

const SIGNS = { plain: '', warn: '▲ ', bad: '‼ ' } as const

function Figure({ label, value, tone = 'plain' }: FigureProps) {
  return (
    <div className={`figure figure-${tone}`}>
      <span className="figure-value">
        {SIGNS[tone]}
        {value}
      </span>
      <span className="figure-label">{label}</span>
    </div>
  )
}
