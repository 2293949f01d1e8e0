import { CentreKey } from '@aloft/shared/api/schemas'
import type { CentreName } from '@aloft/shared/protocol/identity'
import { recordAudit } from '../audit/record.ts'
import { isoInstant } from '../http/instant.ts'
import { type ApiRouter, apiRoute, json, newRouter, PROBLEMS } from '../http/router.ts'
import type { Centre } from './centre.ts'

const get = apiRoute({
  permission: 'system.read',
  method: 'get',
  path: '/centre-key',
  summary: 'The key this centre proves itself with',
  description: 'What agents pin when they enrol. Keys that came before it are listed, newest first.',
  responses: { 200: json(CentreKey, 'The public key.'), ...PROBLEMS },
})

const rotate = apiRoute({
  permission: 'system.manage',
  method: 'post',
  path: '/centre-key/rotate',
  summary: 'Make a new signing key for the centre',
  description:
    'The old key signs the new one and is erased; agents follow by themselves at their next session, however long they were away. Of no use against somebody who has the old key: enrol the agents anew then.',
  responses: { 200: json(CentreKey, 'The new key.'), ...PROBLEMS },
})

export function centreKeyRoutes(centre: Centre, now: () => number): ApiRouter {
  return newRouter()
    .openapi(get, async (c) => c.json(shown((await centre.keys()).name), 200))
    .openapi(rotate, async (c) => {
      const caller = c.get('caller')
      const before = (await centre.keys()).name.key
      const name = await centre.rotate(async (tx, { key }) => {
        const target = { kind: 'centre-key', id: key }
        const change = { action: 'centre-key.rotate', target, siteId: null } as const
        await recordAudit(tx, caller, { ...change, before: { key: before }, after: { key } }, now())
      })
      return c.json(shown(name), 200)
    })
}

function shown({ key, endorsements }: CentreName): CentreKey {
  const previous = endorsements.map(({ by, overlapUntilMs }) => ({
    key: by,
    acceptedUntil: isoInstant(overlapUntilMs),
  }))
  return { key, previous: previous.reverse() }
}
