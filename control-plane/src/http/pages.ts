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
input{font:inherit;width:24rem;max-width:100%;box-sizing:border-box;padding:.3rem .5rem}
button,.button{font:inherit;display:inline-block;padding:.4rem 1rem;border:1px solid #8888;border-radius:.4rem;color:inherit;text-decoration:none;background:#8882;cursor:pointer}
.problem{color:#c33}
main:has(.docs){max-width:84rem}
.docs{display:grid;grid-template-columns:18rem minmax(0,1fr);gap:2.5rem}
.docs>nav{position:sticky;top:0;align-self:start;max-height:100vh;overflow:auto;font-size:.85rem;padding:1rem 0}
.docs nav ul{list-style:none;margin:0 0 .5rem;padding:0}
.docs nav li{margin:.2rem 0;text-indent:-3.2rem;padding-left:3.2rem}
.docs nav a{text-decoration:none;color:inherit}
.docs nav a:hover,.docs nav a:focus-visible{text-decoration:underline}
.docs summary{cursor:pointer}
.docs h2{margin:3rem 0 0;font-size:1.5rem}
.docs h3{margin:1.5rem 0 .25rem;font-size:1.05rem;overflow-wrap:anywhere}
.docs h4{margin:1rem 0 .25rem}
.docs table{width:100%;font-size:.9rem}
.docs td{border-top:1px solid #8883;overflow-wrap:anywhere}
.docs th{font-weight:600;white-space:nowrap}
.docs td:first-child{width:13rem}.docs td:nth-child(3){min-width:14rem}
.docs section{margin-top:1.5rem;scroll-margin-top:1rem}
.docs section:target>h3{background:#fc06}
.facts{font-size:.85rem;opacity:.75;margin:.25rem 0}
.docs em{font-size:.85em;opacity:.75}
.method{display:inline-block;min-width:2.9rem;text-indent:0;font:600 .72rem ui-monospace,monospace;color:#0a6}
.method.post{color:#06c}.method.patch,.method.put{color:#a60}.method.delete{color:#c33}
@media(max-width:55rem){.docs{display:block}.docs>nav{position:static;max-height:none}}
`

export function escapeHtml(text: string): string {
  const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }
  return text.replace(/[&<>"]/g, (character) => entities[character] ?? character)
}
