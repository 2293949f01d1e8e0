import type { Account } from '@aloft/shared/api/access'
import { PERMISSION_WORDS } from './permission-words.ts'

/** The roles somebody has and where, and, when asked, what that comes to. */
export function Grants({ account: { grants, permissions, kind } }: { readonly account: Account }) {
  return (
    <>
      <WhereTable
        of="Role"
        rows={grants.map(({ role, sites }) => ({ key: `${role} ${sites?.join(' ')}`, what: role, sites }))}
      />
      {kind === 'token' && (
        <p className="quiet small">A token does no more than its owner may at the moment.</p>
      )}
      <details className="legend">
        <summary>What that allows</summary>
        <WhereTable
          of="Permission"
          className="grants-words"
          rows={permissions.map(({ permission, sites }) => ({
            key: permission,
            what: PERMISSION_WORDS[permission] ?? permission,
            sites,
          }))}
        />
      </details>
    </>
  )
}

interface WhereTableProps {
  /** What the rows are of. */
  readonly of: string
  readonly className?: string
  readonly rows: readonly {
    readonly key: string
    readonly what: string
    readonly sites: readonly string[] | null
  }[]
}

function WhereTable({ of, className = '', rows }: WhereTableProps) {
  return (
    <table className={`grants ${className}`.trim()}>
      <thead>
        <tr>
          <th scope="col">{of}</th>
          <th scope="col">Where</th>
        </tr>
      </thead>
      <tbody>
        {rows.map(({ key, what, sites }) => (
          <tr key={key}>
            <th scope="row">{what}</th>
            <td>{whereWords(sites)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}

function whereWords(sites: readonly string[] | null): string {
  return sites === null ? 'everywhere' : sites.join(', ')
}
