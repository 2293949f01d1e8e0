/** Mail for a state change: one message each, tried again until the server took it. */
import { readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import type { EmailSettings } from '@aloft/shared/config/notify-config'
import type { Told, ToldWord } from './told.ts'

export interface Mailing {
  readonly settings: EmailSettings
  readonly node: string
  readonly told: Told
  /** The same when the message is sent again after a crash. */
  readonly id: string
  /** Whether it has waited for so long, or so many wait, that it is no use any more. */
  readonly isGivenUp: () => boolean
  readonly failed: (detail: string) => void
}

const RETRY_FIRST_MS = 1_000
const RETRY_MAX_MS = 60_000

/** Sends it, however often that has to be tried. Rejects when the signal ended it. */
export async function mail(mailing: Mailing, signal: AbortSignal): Promise<void> {
  let isReported = false
  for (let waitMs = RETRY_FIRST_MS; ; waitMs = Math.min(2 * waitMs, RETRY_MAX_MS)) {
    try {
      await send(mailing, signal)
      return
    } catch (error) {
      signal.throwIfAborted()
      const detail = error instanceof Error ? error.message : String(error)
      const isFinal = isRefusal(error)
      if (!isReported || isFinal)
        mailing.failed(isFinal ? detail : `${detail}; tried again until it is taken`)
      isReported = true
      if (isFinal || mailing.isGivenUp()) return
      await sleep(waitMs, undefined, { signal })
    }
  }
}

/** RFC 5321 §4.2.1: 5yz is a permanent negative reply; the same message would be refused again. */
function isRefusal(error: unknown): boolean {
  if (!(error instanceof Error) || !('responseCode' in error)) return false
  return typeof error.responseCode === 'number' && error.responseCode >= 500
}

async function send({ settings, node, told, id }: Mailing, signal: AbortSignal): Promise<void> {
  const { server, port, from, to, helo, connectTimeoutMs, security, username, passwordFile } = settings
  const pass = passwordFile === null ? '' : readFileSync(passwordFile, 'utf8').trim()
  // Only where there is mail to send: it is bigger than the rest of the steward's parts together.
  const { createTransport } = await import('nodemailer')
  const transport = createTransport({
    host: server,
    port,
    secure: security === 'tls',
    requireTLS: security === 'starttls',
    ignoreTLS: security === 'none',
    name: helo ?? hostname(),
    connectionTimeout: connectTimeoutMs,
    greetingTimeout: connectTimeoutMs,
    socketTimeout: connectTimeoutMs,
    ...(username !== null && { auth: { user: username, pass } }),
  })
  const close = () => transport.close()
  signal.addEventListener('abort', close)
  try {
    await transport.sendMail({
      from,
      to: [...to],
      subject: subjectOf(told, settings.label ?? node),
      text: textOf(told, node),
      messageId: `<${id.replace(':', '.')}.${told.kind.toLowerCase()}@${node}.aloft>`,
      xMailer: 'Aloft',
      // RFC 3834 §5: nobody's vacation shall answer.
      headers: { 'Auto-Submitted': 'auto-generated' },
    })
  } finally {
    signal.removeEventListener('abort', close)
    transport.close()
  }
}

const SAYS: Readonly<Record<ToldWord, string>> = {
  MASTER: 'is active here now and holds its addresses',
  BACKUP: 'is backup here now',
  FAULT: 'may not take part here: it is in fault',
  STOP: 'has stopped here',
  DELETED: 'was removed from the config here',
  MASTER_RX_LOWER_PRI: 'is active here, and heard an active router of lower priority',
  MASTER_PRIORITY: 'has another priority here, and stays active',
  BACKUP_PRIORITY: 'has another priority here, and stays backup',
}

export function subjectOf({ kind, name, word }: Told, label: string): string {
  return `[${label}] VRRP ${kind === 'GROUP' ? 'Group' : 'Instance'} ${name} - ${word}`
}

function textOf({ kind, name, word, priority, reason, family }: Told, node: string): string {
  const what = kind === 'GROUP' ? 'Sync group' : 'Virtual router'
  const lines = [`${what} ${name} ${SAYS[word]}.`, '', `node: ${node}`]
  if (kind === 'INSTANCE') lines.push(`priority: ${priority}`)
  if (family !== null) lines.push(`family: ${family}`)
  if (reason !== null) lines.push(`reason: ${reason}`)
  return `${lines.join('\n')}\n`
}
