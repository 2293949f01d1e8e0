import { z } from 'zod'

/** What somebody may do, as a name for a set of permissions; `control-plane/src/access/permissions.ts` has the sets. */
export const AccessRole = z.enum(['viewer', 'operator', 'author', 'approver', 'admin'])
export type AccessRole = z.infer<typeof AccessRole>

/** One role, at the named sites; `sites: null` is everywhere, sites that are made later included. */
export const Grant = z.object({
  role: AccessRole,
  sites: z.array(z.string().min(1)).min(1).max(500).nullable(),
})
export type Grant = z.infer<typeof Grant>
