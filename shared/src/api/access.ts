import { z } from 'zod'
import { PASSWORD_MAX, PASSWORD_MIN } from './password-length.ts'

/** What somebody may do, as a name for a set of permissions; `control-plane/src/access/permissions.ts` has the sets. */
export const AccessRole = z.enum(['viewer', 'operator', 'author', 'approver', 'admin'])
export type AccessRole = z.infer<typeof AccessRole>

/** One role, at the named sites; `sites: null` is everywhere, sites that are made later included. */
export const Grant = z
  .object({ role: AccessRole, sites: z.array(z.string()).nullable() })
  .meta({ id: 'Grant' })
export type Grant = z.infer<typeof Grant>

const NewGrant = z.strictObject({
  role: AccessRole,
  sites: z.array(z.string().min(1).max(63)).min(1).max(500).nullable(),
})
const NewGrants = z.array(NewGrant).max(50)

export const UserName = z
  .string()
  .regex(/^[a-z0-9][a-z0-9._@+-]{0,126}$/, 'lower-case letters, digits and . _ @ + -, 127 at most')

export const Password = z.string().min(PASSWORD_MIN).max(PASSWORD_MAX)

export const User = z
  .object({
    id: z.string(),
    name: z.string(),
    grants: z.array(Grant),
    /** `provider`: read anew from the identity provider's claims at every sign-in. */
    grantsFrom: z.enum(['admin', 'provider']),
    hasPassword: z.boolean(),
    /** Issuers of the identity providers it can sign in through. */
    providers: z.array(z.string()),
    createdAt: z.string(),
    lastSignInAt: z.string().nullable(),
    disabledAt: z.string().nullable(),
  })
  .meta({ id: 'User' })
export type User = z.infer<typeof User>

export const CreateUser = z
  .object({
    name: UserName,
    grants: NewGrants,
    /** `generate` makes one and answers it, once; null makes a user who signs in through the identity provider only. */
    password: z.union([z.object({ generate: z.literal(true) }).strict(), Password]).nullable(),
  })
  .meta({ id: 'CreateUser' })
export type CreateUser = z.infer<typeof CreateUser>

/** `password`: only in the answer that made it. */
export const CreatedUser = User.extend({ password: z.string().optional() }).meta({ id: 'CreatedUser' })
export type CreatedUser = z.infer<typeof CreatedUser>

export const ChangeUser = z
  .object({ grants: NewGrants.optional(), disabled: z.boolean().optional() })
  .meta({ id: 'ChangeUser' })
export type ChangeUser = z.infer<typeof ChangeUser>

export const ResetPassword = z
  .object({
    password: z.union([z.object({ generate: z.literal(true) }).strict(), Password]),
  })
  .meta({ id: 'ResetPassword' })
export type ResetPassword = z.infer<typeof ResetPassword>

export const PasswordReset = z.object({ password: z.string().optional() }).meta({ id: 'PasswordReset' })
export type PasswordReset = z.infer<typeof PasswordReset>

export const ChangePassword = z
  .object({ current: z.string().min(1).max(1024), new: Password })
  .meta({ id: 'ChangePassword' })
export type ChangePassword = z.infer<typeof ChangePassword>

const DAY_MS = 86_400_000

export const ApiToken = z
  .object({
    id: z.string(),
    name: z.string(),
    /** Its first characters, to tell one from another. */
    prefix: z.string(),
    /** Only in the answer that made it; the centre keeps a hash. */
    token: z.string().optional(),
    grants: z.array(Grant),
    /** The user it belongs to; it never does more than that user may now. */
    owner: z.string().nullable(),
    createdAt: z.string(),
    expiresAt: z.string().nullable(),
    /** To the minute. */
    lastUsedAt: z.string().nullable(),
  })
  .meta({ id: 'ApiToken' })
export type ApiToken = z.infer<typeof ApiToken>

export const CreateApiToken = z
  .object({
    name: z.string().trim().min(1).max(100),
    /** At most what the caller may itself, which is also what it is when left out. */
    grants: NewGrants.min(1).optional(),
    ttlMs: z
      .int()
      .min(60_000)
      .max(366 * DAY_MS)
      .default(90 * DAY_MS),
  })
  .meta({ id: 'CreateApiToken' })
export type CreateApiToken = z.infer<typeof CreateApiToken>

/** Who the caller is and what it may. `sites: null` is everywhere. */
export const Account = z
  .object({
    id: z.string(),
    name: z.string(),
    kind: z.enum(['user', 'token', 'console']),
    grants: z.array(Grant),
    permissions: z.array(z.object({ permission: z.string(), sites: z.array(z.string()).nullable() })),
    /** Whether there is a password to change: not of the console, nor of who signs in through the identity provider alone. */
    hasPassword: z.boolean(),
    /** When what was presented ends by itself; a browser session may end sooner for not being used. */
    expiresAt: z.string().nullable(),
  })
  .meta({ id: 'Account' })
export type Account = z.infer<typeof Account>

/** A browser that is signed in. */
export const BrowserSession = z
  .object({
    id: z.string(),
    method: z.enum(['password', 'provider', 'token', 'link']),
    /** Whether it is the one that asks. */
    current: z.boolean(),
    address: z.string().nullable(),
    userAgent: z.string().nullable(),
    createdAt: z.string(),
    lastSeenAt: z.string(),
    expiresAt: z.string(),
  })
  .meta({ id: 'BrowserSession' })
export type BrowserSession = z.infer<typeof BrowserSession>
