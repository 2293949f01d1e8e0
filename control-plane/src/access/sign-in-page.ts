import { escapeHtml, page } from '../http/pages.ts'

export interface SignInPage {
  /** What the button of the identity provider says; null when there is none. */
  readonly providerLabel: string | null
  /** Why the last attempt failed. */
  readonly problem?: string
  /** What was given as the name then, to be corrected and not typed again. */
  readonly name?: string
  readonly status?: number
}

export function signInPage({ providerLabel, problem, name = '', status = 200 }: SignInPage): Response {
  const note = problem === undefined ? '' : `<p role="alert" class="problem">${escapeHtml(problem)}</p>`
  const provider =
    providerLabel === null
      ? ''
      : `<p><a class="button" href="/sign-in/provider">Sign in with ${escapeHtml(providerLabel)}</a></p>
<p class="or">or</p>`
  const body = `<div class="door">${note}
${provider}
<form method="post" action="/sign-in">
<p><label>Name<br><input name="name" autocomplete="username" autocapitalize="none" spellcheck="false" value="${escapeHtml(name)}" required${name === '' ? ' autofocus' : ''}></label></p>
<p><label>Password<br><input type="password" name="password" autocomplete="current-password" required${name === '' ? '' : ' autofocus'}></label></p>
<p><button class="primary">Sign in</button></p>
</form>
<details><summary>Without a user: with a link or an API token</summary>
<p>Open the one-time link that the control plane printed when it started (a restart prints a new one), or give an API
token (the first one is in <code>DATA-DIR/admin-token</code>).</p>
<form method="post" action="/sign-in">
<p><label>API token<br><input type="password" name="token" autocomplete="off" required></label></p>
<p><button>Sign in with the token</button></p>
</form>
</details></div>`
  return page('Sign in', body, status)
}
