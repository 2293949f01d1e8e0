/** What a tracked file says. */

export type FileContent =
  | { readonly value: number }
  /** Why it says nothing that can be used. */
  | { readonly problem: string }

/** Longer than any number that makes a difference, with room for a comment that must be refused. */
export const FILE_BYTES_MAX = 64

/** One whole number, with a sign or without, and nothing else but white space around it. An empty file says 0. */
export function parseNumberFile(text: string): FileContent {
  const written = text.trim()
  if (written === '') return { value: 0 }
  if (!/^[+-]?\d{1,9}$/.test(written)) {
    return { problem: `not one whole number: ${JSON.stringify(written.slice(0, 20))}` }
  }
  // `-0` is 0.
  return { value: Number(written) || 0 }
}
