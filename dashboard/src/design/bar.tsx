import type { ReactNode } from 'react'

/** At the top of every page. `heading`: whether the name of the program is what the page is about. */
export function Bar({
  heading = false,
  children,
}: {
  readonly heading?: boolean
  readonly children: ReactNode
}) {
  const brand = (
    <>
      <img src="/favicon.svg" alt="" width="26" height="26" /> Aloft
    </>
  )
  return (
    <header className="bar">
      {heading ? (
        <h1 className="brand">{brand}</h1>
      ) : (
        <a className="brand" href="/">
          {brand}
        </a>
      )}
      <div className="bar-end">
        {children}
        <form method="post" action="/sign-out">
          <button type="submit">Sign out</button>
        </form>
      </div>
    </header>
  )
}
