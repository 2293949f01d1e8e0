import path from 'node:path'
import { build } from 'esbuild'
import { expect, test } from 'vitest'

/** A heap that is never large is collected in well under an advertisement interval. */
test('the router bundle holds no library but its own code', async () => {
  const { metafile } = await build({
    entryPoints: [path.join(import.meta.dirname, 'main.ts')],
    bundle: true,
    write: false,
    metafile: true,
    platform: 'node',
    format: 'esm',
    external: ['raw-socket', '*.node'],
    logLevel: 'silent',
  })
  const libraries = Object.keys(metafile.inputs).filter((file) => file.includes('node_modules'))
  expect(libraries).toEqual([])
  const [output] = Object.values(metafile.outputs)
  expect(output?.bytes).toBeLessThan(420_000)
})
