/** The types of @aloft/client are those of the OpenAPI document of the application. `npm run generate` writes them. */
import path from 'node:path'
import { apiDocument } from '@aloft/control-plane/http/api-document'
import { expect, it } from 'vitest'
import { typeText } from '../../client/generate/type-text.ts'
import { appWithoutDatabase } from './app-without-database.ts'

const file = path.resolve(import.meta.dirname, '../../client/src/api.generated.ts')

it('client/src/api.generated.ts is made from the document (npm run generate)', async () => {
  await expect(typeText(apiDocument(appWithoutDatabase()))).toMatchFileSnapshot(file)
})
