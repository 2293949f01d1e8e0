import { createHash } from 'node:crypto'
import { CentreKey } from '@aloft/shared/api/schemas'
import type { CentreName } from '@aloft/shared/protocol/identity'
import { recordAudit } from '../audit/record.ts'
import {
  asChanged,
  demandedRevision,
  IF_MATCH,
  ofRevision,
  type Revised,
  requireRevision,
} from '../http/entity-tag.ts'
import { isoInstant } from '../http/instant.ts'
import { type ApiRouter, apiRoute, json, newRouter, PROBLEMS, problem } from '../http/router.ts'
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
  request: { headers: IF_MATCH },
  responses: { 200: json(CentreKey, 'The new key.'), ...PROBLEMS, 412: problem('precondition-failed') },
})

export function centreKeyRoutes(centre: Centre, now: () => number): ApiRouter {
  return newRouter()
    .openapi(get, async (c) => {
      const { value, revision } = revised((await centre.keys()).name)
      ofRevision(c, revision)
      return c.json(value, 200)
    })
    .openapi(rotate, async (c) => {
      const caller = c.get('caller')
      const demanded = demandedRevision(c)
      const name = await centre.rotate(async (tx, before, { key }) => {
        const old = revised(before)
        await requireRevision(demanded, old.revision, async () => old)
        const target = { kind: 'centre-key', id: key }
        const change = { action: 'centre-key.rotate', target, siteId: null } as const
        await recordAudit(tx, caller, { ...change, before: { key: before.key }, after: { key } }, now())
      })
      return c.json(asChanged(c, '/api/v1/centre-key', revised(name)), 200)
    })
}

/** Whoever rotates the key rotates the one he saw: asked twice at once, it is done once. */
function revised(name: CentreName): Revised<CentreKey> {
  const digest = createHash('sha256').update(name.key).digest('base64url')
  return { value: shown(name), revision: digest.slice(0, 16) }
}

function shown({ key, endorsements }: CentreName): CentreKey {
  const previous = endorsements.map(({ by, overlapUntilMs }) => ({
    key: by,
    acceptedUntil: isoInstant(overlapUntilMs),
  }))
  return { key, previous: previous.reverse() }
}
