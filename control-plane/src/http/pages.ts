/** The few pages the control plane makes itself. No script and no inline style: the CSP allows neither. */
export function page(title: string, body: string, status = 200): Response {
  const html = `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>${escapeHtml(title)} · Aloft</title>
<link rel="icon" href="/favicon.svg" type="image/svg+xml"><link rel="stylesheet" href="/pages.css"></head>
<body><main><p class="brand"><a href="/">Aloft</a></p><h1>${escapeHtml(title)}</h1>
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

/** The colours are the dashboard's (design/theme.css), by the same names: a test holds one to the other. */
export const STYLE = `:root{
color-scheme:light dark;
--ground:light-dark(#f4f6fa, #10141c);
--surface:light-dark(#ffffff, #181e29);
--line:light-dark(#dde3ec, #2a3342);
--edge:light-dark(#7d899b, #74829a);
--text:light-dark(#16202e, #e6ebf3);
--quiet:light-dark(#566479, #93a1b5);
--accent:light-dark(#1f4fd8, #7ea2ff);
--on-accent:light-dark(#ffffff, #10141c);
--good:light-dark(#0f7a43, #63d596);
--warn:light-dark(#8a5300, #f0b45a);
--warn-ground:light-dark(#fdf1dc, #35270f);
--bad:light-dark(#b3152b, #ff8091);
--bad-ground:light-dark(#fde7ea, #3b1119);
}
body{font:16px/1.5 system-ui,sans-serif;margin:0;background:var(--ground);color:var(--text)}
a{color:var(--accent)}
.brand{margin:0;font-weight:650}
.brand a{color:var(--quiet);text-decoration:none}
.brand a:hover{text-decoration:underline}
:focus-visible{outline:2px solid var(--accent);outline-offset:2px}
main{max-width:60rem;margin:0 auto;padding:2rem 1rem}
code,pre{font-family:ui-monospace,monospace;font-size:.9em}
pre{overflow:auto;padding:.75rem;border:1px solid var(--line);border-radius:.4rem;background:var(--surface)}
table{border-collapse:collapse}
td,th{text-align:left;padding:.2rem .8rem .2rem 0;vertical-align:top}
section{border-top:1px solid var(--line);margin-top:2rem}
input{font:inherit;width:24rem;max-width:100%;box-sizing:border-box;padding:.45rem .6rem;border:1px solid var(--edge);border-radius:.4rem;background:var(--surface);color:inherit}
button,.button{font:inherit;display:inline-block;box-sizing:border-box;padding:.45rem 1rem;border:1px solid var(--edge);border-radius:.4rem;color:var(--accent);text-decoration:none;text-align:center;background:var(--surface);cursor:pointer}
.primary{background:var(--accent);border-color:var(--accent);color:var(--on-accent);font-weight:600}
.problem,.done{padding:.6rem .8rem;border:1px solid;border-radius:.4rem}
.problem{color:var(--bad);background:var(--bad-ground)}
.problem::first-letter{text-transform:uppercase}
.problem::before{content:"▲ " / "";float:left;white-space:pre}
.done{color:var(--good);background:var(--surface)}
.quiet{color:var(--quiet)}
main:has(.door){box-sizing:border-box;max-width:25rem;margin-top:8vh;padding:1.75rem;border:1px solid var(--line);border-radius:10px;background:var(--surface)}
main:has(.door) h1{font-size:1.5rem;margin:.2rem 0 1rem}
.door{display:contents}
.door input{margin-top:.3rem}
.door input,.door form button,.door .button{width:100%}
.door summary{cursor:pointer;color:var(--quiet)}
.door .or{text-align:center;color:var(--quiet);margin:.5rem 0}
@media(max-width:26rem){main:has(.door){margin-top:0;border:0;border-radius:0;min-height:100vh}}
main:has(.docs){max-width:84rem}
main:has(.docs)>h1{margin:0 0 .5rem}
.docs{display:grid;grid-template-columns:18rem minmax(0,1fr);gap:2.5rem}
.docs>nav{position:sticky;top:0;align-self:start;max-height:100vh;overflow:auto;font-size:.85rem;padding:1rem 0}
.docs nav ul{list-style:none;margin:0 0 .5rem;padding:0}
.docs nav li{margin:.2rem 0;text-indent:-3.2rem;padding-left:3.2rem}
.docs li a{text-decoration:none;color:inherit}
.docs .example{margin-top:.75rem}
.docs nav a:hover,.docs nav a:focus-visible{text-decoration:underline}
.docs summary{cursor:pointer}
.docs h2{margin:3rem 0 0;font-size:1.5rem}
.docs h3{margin:1.5rem 0 .25rem;font-size:1.05rem;overflow-wrap:anywhere}
.docs h4{margin:1rem 0 .25rem}
.docs table{width:100%;font-size:.9rem}
.docs td,.docs th:has(+td){border-top:1px solid var(--line)}
.docs td{overflow-wrap:anywhere}
.docs th{font-weight:600;white-space:nowrap}
.docs td:first-child{width:13rem}.docs td:nth-child(3){min-width:14rem}
.docs section{margin-top:1.5rem;scroll-margin-top:1rem}
.docs section:target>h3{background:var(--warn-ground)}
.facts{font-size:.85rem;color:var(--quiet);margin:.25rem 0}
.docs em{font-size:.85em;color:var(--quiet)}
.method{display:inline-block;min-width:2.9rem;text-indent:0;font:600 .72rem ui-monospace,monospace;color:var(--good)}
.method.post{color:var(--accent)}.method.patch,.method.put{color:var(--warn)}.method.delete{color:var(--bad)}
@media(max-width:55rem){.docs{display:block}.docs>nav{position:static;max-height:18rem;padding:.75rem;border:1px solid var(--line);border-radius:.4rem;background:var(--surface)}}
@media(max-width:40rem){
.docs tr,.docs td,.docs th{display:block;width:auto}
.docs tr{border-top:1px solid var(--line);padding:.35rem 0}
.docs td,.docs th{border:0;padding:.05rem 0}
.docs tr:has(th+th),.docs td:empty{display:none}
.docs td:first-child{width:auto}
}
`

export function escapeHtml(text: string): string {
  const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }
  return text.replace(/[&<>"]/g, (character) => entities[character] ?? character)
}
