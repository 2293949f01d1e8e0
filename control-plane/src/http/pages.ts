/** The few pages the control plane makes itself. No script and no inline style: the CSP allows neither. */
export function page(title: string, body: string, status = 200): Response {
  const html = `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escapeHtml(title)} · Aloft</title>
<link rel="stylesheet" href="/pages.css"></head>
<body><main><h1>${escapeHtml(title)}</h1>
${body}
</main></body>
</html>
`
  return new Response(html, {
    status,
    headers: { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' },
  })
}

/** `problem`: why the last attempt failed. */
export function signInPage(problem: string | null): Response {
  const note = problem === null ? '' : `<p role="alert" class="problem">${escapeHtml(problem)}</p>`
  const body = `${note}
<p>Open the one-time link that the control plane printed when it started, or sign in with an API token
(the first one is in <code>DATA-DIR/admin-token</code>).</p>
<form method="post" action="/sign-in">
<label>API token <input type="password" name="token" autocomplete="off" required></label>
<button>Sign in</button>
</form>`
  return page('Sign in', body, problem === null ? 200 : 401)
}

export function dashboardMissingPage(): Response {
  const body = `<p>The dashboard is not built. In the checkout run <code>npm run build</code> (<code>npm ci</code> does it
too), then start the control plane again. The API is there: <a href="/docs">its documentation</a>.</p>`
  return page('Almost there', body, 503)
}

export const STYLE = `:root{color-scheme:light dark}
body{font:16px/1.5 system-ui,sans-serif;margin:0}
main{max-width:60rem;margin:0 auto;padding:2rem 1rem}
code,pre{font-family:ui-monospace,monospace;font-size:.9em}
pre{overflow:auto;padding:.75rem;border:1px solid #8886;border-radius:.4rem}
table{border-collapse:collapse}
td,th{text-align:left;padding:.2rem .8rem .2rem 0;vertical-align:top}
section{border-top:1px solid #8886;margin-top:2rem}
input{font:inherit;width:24rem;max-width:100%}
.problem{color:#c33}
`

export function escapeHtml(text: string): string {
  const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }
  return text.replace(/[&<>"]/g, (character) => entities[character] ?? character)
}
