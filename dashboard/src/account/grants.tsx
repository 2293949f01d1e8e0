import type { Account } from '@aloft/shared/api/access'
import { PERMISSION_WORDS } from './permission-words.ts'

/** The roles somebody has and where, and, when asked, what that comes to. */
export function Grants({ account: { grants, permissions, kind } }: { readonly account: Account }) {
  return (
    <>
      <table className="grants">
        <thead>
          <tr>
            <th scope="col">Role</th>
            <th scope="col">Where</th>
          </tr>
        </thead>
        <tbody>
          {grants.map(({ role, sites }) => (
            <tr key={`${role} ${sites?.join(' ')}`}>
              <th scope="row">{role}</th>
              <td>{whereWords(sites)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {kind === 'token' && (
        <p className="quiet small">A token does no more than its owner may at the moment.</p>
      )}
      <details className="legend">
        <summary>What that allows</summary>
        <table className="grants grants-words">
          <thead>
            <tr>
              <th scope="col">Permission</th>
              <th scope="col">Where</th>
            </tr>
          </thead>
          <tbody>
            {permissions.map(({ permission, sites }) => (
              <tr key={permission}>
                <th scope="row">{PERMISSION_WORDS[permission] ?? permission}</th>
                <td>{whereWords(sites)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </details>
    </>
  )
}

function whereWords(sites: readonly string[] | null): string {
  return sites === null ? 'everywhere' : sites.join(', ')
}
