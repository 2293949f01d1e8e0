import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { NOTIFICATION_DEFAULTS } from '@aloft/shared/config/notify-config'
import { expect, it } from 'vitest'
import { runHook } from './hook.ts'

it('startup_script, shutdown_script: are waited for, and given up after their timeout', async () => {
  const directory = mkdtempSync(path.join(tmpdir(), 'aloft-hook-'))
  const file = path.join(directory, 'done')
  try {
    const startup = { command: ['/bin/sh', '-c', `sleep 0.2; touch ${file}`], timeoutMs: 5_000 } as const
    const shutdown = { command: ['/bin/sleep', '60'], timeoutMs: 200 } as const
    const notifications = { ...NOTIFICATION_DEFAULTS, startup, shutdown }
    expect(await runHook('startup', notifications)).toBeNull()
    expect(existsSync(file)).toBe(true)
    expect(await runHook('shutdown', notifications)).toBe('shutdown script /bin/sleep: timeout')
    expect(await runHook('startup', NOTIFICATION_DEFAULTS)).toBeNull()
  } finally {
    rmSync(directory, { recursive: true })
  }
})
