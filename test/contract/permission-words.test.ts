import { expect, it } from 'vitest'
import { PERMISSIONS } from '../../control-plane/src/access/permissions.ts'
import { PERMISSION_WORDS } from '../../dashboard/src/account/permission-words.ts'

it('the dashboard has words for every permission there is, and for no other', () => {
  expect(Object.keys(PERMISSION_WORDS).sort()).toEqual(Object.keys(PERMISSIONS).sort())
})
