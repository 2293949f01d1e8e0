import { PASSWORD_MAX, PASSWORD_MIN } from '@aloft/shared/api/password-length'
import { ApiError } from '../api/client.ts'

export interface PasswordFields {
  readonly current: string
  readonly next: string
  /** The new one again, for nobody sees what is typed. */
  readonly again: string
}

export type PasswordField = keyof PasswordFields

/** What is wrong, by field; `form` is what is wrong with none of them. */
export type PasswordFaults = Partial<Record<PasswordField | 'form', string | undefined>>

/** What can be seen to be wrong before anybody is asked. */
export function faultsOf({ current, next, again }: PasswordFields): PasswordFaults {
  const ofNext = faultOfNew(next, current)
  return {
    ...(current === '' && { current: 'enter your current password' }),
    ...(ofNext !== null && { next: ofNext }),
    ...(ofNext === null && again !== next && { again: 'this is not what you typed above' }),
  }
}

function faultOfNew(next: string, current: string): string | null {
  if (next === '') return 'enter a new password'
  if (next.length < PASSWORD_MIN)
    return `this has ${next.length} ${next.length === 1 ? 'character' : 'characters'}; ${PASSWORD_MIN} are needed`
  if (next.length > PASSWORD_MAX) return `this has ${next.length} characters; ${PASSWORD_MAX} is the most`
  return next === current ? 'the new password is the current one' : null
}

const FIELDS: Readonly<Record<string, PasswordField>> = { '/current': 'current', '/new': 'next' }

/** What the centre said was wrong. */
export function faultsFrom(error: unknown): PasswordFaults {
  if (!(error instanceof ApiError)) return { form: String(error) }
  const named = error.faults.flatMap(({ pointer, message }) => {
    const field = FIELDS[pointer]
    return field === undefined ? [] : [[field, message] as const]
  })
  if (named.length > 0) return Object.fromEntries(named)
  if (error.status !== 0) return { form: error.message }
  return {
    form: `${error.message} It may have changed the password before that: if your current one is refused now, sign in with the new one.`,
  }
}

/** Where to go to mend it: the first that is wrong, in the order of the page. */
export function firstFault(faults: PasswordFaults): PasswordField | 'form' | null {
  return (['form', 'current', 'next', 'again'] as const).find((each) => faults[each] !== undefined) ?? null
}
