import { homedir } from 'node:os'
import path from 'node:path'

/** Where an agent keeps its state unless told otherwise: the system's place for root, the user's own otherwise. */
export function defaultStateDir(): string {
  if (process.env['ALOFT_STATE_DIR']) return process.env['ALOFT_STATE_DIR']
  return process.getuid?.() === 0 ? '/var/lib/aloft' : path.join(homedir(), '.local/state/aloft')
}
