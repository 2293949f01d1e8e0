import { type RefObject, useLayoutEffect, useRef, useState } from 'react'

/**
 * Whether the table in the box is wider than the box, for columns that are out of sight are not there. Widths of names and
 * states are nobody's to foretell, so it is measured: before it is painted, and whenever either changes its size.
 */
export function useRoom(): { readonly box: RefObject<HTMLDivElement | null>; readonly isTooNarrow: boolean } {
  const box = useRef<HTMLDivElement>(null)
  // What the table needed when it did not fit; null while it does.
  const needs = useRef<number | null>(null)
  const [isTooNarrow, setTooNarrow] = useState(false)
  useLayoutEffect(() => {
    const around = box.current
    if (around === null) return
    const look = (): void => {
      const { clientWidth, scrollWidth } = around
      const isTable = needs.current === null
      if (isTable && scrollWidth > clientWidth + 1) needs.current = scrollWidth
      else if (needs.current !== null && clientWidth >= needs.current) needs.current = null
      setTooNarrow(needs.current !== null)
    }
    const observer = new ResizeObserver(look)
    for (const each of [around, ...around.children]) observer.observe(each)
    look()
    return () => observer.disconnect()
  }, [])
  return { box, isTooNarrow }
}
