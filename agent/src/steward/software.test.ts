import { readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, it } from 'vitest'
import { SOFTWARE } from './software.ts'

it('is called what package.json says', () => {
  const manifest = JSON.parse(readFileSync(path.join(import.meta.dirname, '../../package.json'), 'utf8'))
  expect(SOFTWARE).toBe(`aloft/${manifest.version}`)
})
