import { describe, expect, it } from 'vitest'
import { Progress } from './demo-progress.ts'

function screen(isTTY: boolean, columns = 80) {
  let written = ''
  const out = {
    isTTY,
    columns,
    write(text: string) {
      written += text
      return true
    },
  }
  return { out, written: () => written }
}

/** What a terminal shows in the end: each erased line gone. */
function shown(text: string): string[] {
  return text.split('\n').map((line) => line.split('\r\x1b[K').at(-1) ?? '')
}

describe('Progress', () => {
  it('writes a log file one line a step, with what it took', async () => {
    const { out, written } = screen(false)
    const progress = new Progress(out)
    await progress.step('networks', async () => {})
    progress.say('live')
    expect(written()).toMatch(/^ {2}✓ networks \(0\.0 s\)\nlive\n$/)
  })

  it('shows on a terminal what is still being done, below what was said', async () => {
    const { out, written } = screen(true)
    const progress = new Progress(out)
    let finish = () => {}
    const slow = progress.step('control plane', () => new Promise<void>((resolve) => (finish = resolve)))
    await progress.step('networks', async () => {})
    expect(shown(written())).toEqual([expect.stringContaining('✓ networks'), '  … control plane'])
    finish()
    await slow
    expect(shown(written()).slice(1)).toEqual([expect.stringContaining('✓ control plane'), ''])
  })

  it('never wraps the line it rewrites', async () => {
    const { out, written } = screen(true, 24)
    await new Progress(out).step('a step with a name that is longer than the line', async () => {})
    const rewritten = written()
      .split('\r\x1b[K')
      .filter((line) => line.startsWith('  …'))
    expect(rewritten.every((line) => line.length < 24)).toBe(true)
  })

  it('claims nothing of a step that failed', async () => {
    const { out, written } = screen(false)
    const failing = new Progress(out).step('agents', () => Promise.reject(new Error('no')))
    await expect(failing).rejects.toThrow('no')
    expect(written()).toBe('')
  })
})
