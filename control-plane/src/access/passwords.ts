import { randomBytes } from 'node:crypto'
import { PASSWORD_MAX } from '@aloft/shared/api/password-length'
import { Slots } from './slots.ts'

/** RFC 9106's second choice scaled to what OWASP asks for at least: some 40 ms and 19 MiB each. */
const ARGON2ID = { algorithm: 2, memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const

/** How many are computed at once: each has a thread of the pool, which files and DNS need too. */
const AT_ONCE = 2
const WAITING_MAX = 50
const slots = new Slots(AT_ONCE, WAITING_MAX)

/** Argon2id in PHC form, with a salt of its own. Throws `Unavailable` when too many wait already. */
export function hashPassword(password: string): Promise<string> {
  return slots.run(async () => {
    const { hash } = await import('@node-rs/argon2')
    return hash(normal(password), ARGON2ID)
  })
}

/** Whether that is the password. Null is a name nobody has: it takes as long, and is false. */
export async function isPassword(passwordHash: string | null, password: string): Promise<boolean> {
  const against = passwordHash ?? (await nobodysHash())
  const same = await slots.run(async () => {
    const { verify } = await import('@node-rs/argon2')
    return verify(against, normal(password).slice(0, PASSWORD_MAX * 4))
  })
  return same && passwordHash !== null
}

/** For people to write down or paste once: 20 characters of an alphabet without look-alikes, 99 bits. */
export function generatePassword(): string {
  const alphabet = 'abcdefghjkmnpqrstuvwxyz23456789'
  const characters: string[] = []
  while (characters.length < 20) {
    // Bytes that would make some characters likelier than others are thrown away.
    for (const byte of randomBytes(32)) {
      if (byte < alphabet.length * 8 && characters.length < 20)
        characters.push(alphabet[byte % alphabet.length] ?? '')
    }
  }
  return characters.join('').replace(/(.{5})(?=.)/g, '$1-')
}

let nobody: Promise<string> | null = null
function nobodysHash(): Promise<string> {
  nobody ??= hashPassword(generatePassword()).catch((error: unknown) => {
    nobody = null
    throw error
  })
  return nobody
}

/** What keyboards of different systems make of one character is one password. */
function normal(password: string): string {
  return password.normalize('NFKC')
}
