/** The examples of the OpenAPI document are what the API answers today. `npm run generate` writes them. */
import path from 'node:path'
import { startTestApplication } from '@aloft/control-plane/http/test-application'
import { expect, it } from 'vitest'
import { walk } from './examples.ts'
import { fleetOf } from './fleet.ts'

const file = path.resolve(import.meta.dirname, '../../control-plane/src/http/examples.generated.ts')

it('control-plane/src/http/examples.generated.ts is what the API answers (npm run generate)', async () => {
  const app = await startTestApplication()
  app.clock.nowMs = Date.UTC(2026, 10, 22, 21)
  try {
    await fleetOf(app.database)
    const examples = await walk(app)
    const text = `// Written by test/api/examples.test.ts (npm run generate).\nexport const EXAMPLES = ${JSON.stringify(examples, null, 2)}\n`
    await expect(text).toMatchFileSnapshot(file)
    expect(app.faults).toEqual([])
  } finally {
    await app.close()
  }
})
