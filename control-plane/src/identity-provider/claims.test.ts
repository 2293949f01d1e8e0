import { expect, it } from 'vitest'
import { claimAt, grantsOf, userNameOf } from './claims.ts'
import type { ProviderSettings } from './settings.ts'

const operator = { role: 'operator', sites: null } as const
const viewer = { role: 'viewer', sites: ['paris'] }
const settings = (more: Partial<ProviderSettings> = {}): ProviderSettings => ({
  issuer: 'https://id.test',
  clientId: 'aloft',
  clientSecret: null,
  publicUrl: 'https://aloft.test',
  label: 'Test',
  scopes: ['openid'],
  nameClaim: 'preferred_username',
  grantsClaim: 'realm.roles',
  grants: { netops: [operator], desk: [{ ...viewer, role: 'viewer' }] },
  ...more,
})

it.each([
  [{ realm: { roles: ['netops', 'desk', 'unheard-of'] } }, ['operator', 'viewer']],
  [{ realm: { roles: 'netops' } }, ['operator']],
  [{ 'realm.roles': ['desk'], realm: { roles: ['netops'] } }, ['viewer']],
  [{ realm: { roles: ['netops', 'netops'] } }, ['operator']],
  [{ realm: { roles: ['constructor', '__proto__', 'toString'] } }, []],
  [{ realm: { roles: [{ name: 'netops' }, 7, null] } }, []],
  [{ realm: null }, []],
  [{}, []],
])('%j gives %j', (claims, roles) => {
  expect(grantsOf(settings(), claims).map(({ role }) => role)).toEqual(roles)
})

it('`*` is for everybody', () => {
  const given = grantsOf(settings({ grants: { '*': [operator] } }), {})
  expect(given).toEqual([operator])
})

it.each([
  ['Ann@Example.com', 'ann@example.com'],
  ['with space', null],
  ['', null],
  [7, null],
])('the name %j becomes %j', (value, name) => {
  expect(userNameOf(settings(), { preferred_username: value })).toBe(name)
})

it('does not look into prototypes', () => {
  expect(claimAt({}, 'constructor.name')).toBeUndefined()
})
