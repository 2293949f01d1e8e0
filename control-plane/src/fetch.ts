import { parseSecrets } from './command.ts'
import { openLog } from './log-lines.ts'
import { retentionOf } from './retention/settings.ts'
import { createServerless, type Serverless } from './serverless.ts'

/**
 * What a platform for functions is given (`agent/dist/fetch.js`): `export default { fetch }`, made from `DATABASE_URL`,
 * `ALOFT_TICK_TOKEN` and `ALOFT_KEY_ENCRYPTION_KEY` (and its `…_BEFORE`) when the first request comes.
 */
let made: Serverless | null = null

function instance(): Serverless {
  const { DATABASE_URL, ALOFT_TICK_TOKEN, ALOFT_KEY_ENCRYPTION_KEY, ALOFT_KEY_ENCRYPTION_KEY_BEFORE } =
    process.env
  if (DATABASE_URL === undefined) throw new Error('DATABASE_URL is not set')
  made ??= createServerless({
    retention: retentionOf(process.env),
    databaseUrl: DATABASE_URL,
    tickToken: ALOFT_TICK_TOKEN ?? null,
    ...parseSecrets(ALOFT_KEY_ENCRYPTION_KEY, ALOFT_KEY_ENCRYPTION_KEY_BEFORE),
    log: openLog(process.stderr),
  })
  return made
}

export default {
  fetch: (request: Request): Promise<Response> => instance().fetch(request),
  close: (): Promise<void> => made?.close() ?? Promise.resolve(),
}
