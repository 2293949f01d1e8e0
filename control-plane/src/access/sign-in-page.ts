import { escapeHtml, page } from '../http/pages.ts'

export interface SignInPage {
  /** What the button of the identity provider says; null when there is none. */
  readonly providerLabel: string | null
  /** Why the last attempt failed. */
  readonly problem?: string
  readonly tried?: TriedToSignIn
  readonly status?: number
}

/** How it was tried, so that the page goes on there. */
export interface TriedToSignIn {
  /** What was given as the name, to be corrected and not typed again. */
  readonly name?: string
  /** With a link or an API token: what there is to know of these is shown. */
  readonly withoutUser?: boolean
}

export function signInPage({ providerLabel, problem, tried = {}, status = 200 }: SignInPage): Response {
  const { name = '', withoutUser = false } = tried
  const focus = (here: boolean): string => (here ? ' autofocus' : '')
  const note = problem === undefined ? '' : `<p role="alert" class="problem">${escapeHtml(problem)}</p>`
  const provider =
    providerLabel === null
      ? ''
      : `<p><a class="button" href="/sign-in/provider">Sign in with ${escapeHtml(providerLabel)}</a></p>
<p class="or">or</p>`
  const body = `<div class="door">${note}
${provider}
<form method="post" action="/sign-in">
<p><label>Name<br><input name="name" autocomplete="username" autocapitalize="none" spellcheck="false" value="${escapeHtml(name)}" required${focus(!withoutUser && name === '')}></label></p>
<p><label>Password<br><input type="password" name="password" autocomplete="current-password" required${focus(!withoutUser && name !== '')}></label></p>
<p><button class="primary">Sign in</button></p>
</form>
<details${withoutUser ? ' open' : ''}><summary>Without a user: with a link or an API token</summary>
<p>Open the one-time link that the control plane printed when it started (a restart prints a new one), or give an API
token (the first one is in <code>DATA-DIR/admin-token</code>).</p>
<form method="post" action="/sign-in">
<p><label>API token<br><input type="password" name="token" autocomplete="off" required${focus(withoutUser)}></label></p>
<p><button>Sign in with the token</button></p>
</form>
</details></div>`
  return page('Sign in', body, status)
}
