import type { Finding } from './diagnostic.ts'

/** What depends on several keys of `notifications`. Of a document whose shape may still be wrong. */
export function notificationRules(document: { readonly notifications?: unknown }): readonly Finding[] {
  const email = valueAt(document.notifications, 'email')
  const username = valueAt(email, 'username')
  const passwordFile = valueAt(email, 'passwordFile')
  const findings: Finding[] = []
  const add = (severity: Finding['severity'], key: string, message: string, hint: string) =>
    findings.push({
      severity,
      code: 'email-credentials',
      message,
      hint,
      path: ['notifications', 'email', key],
      at: 'value',
    })
  if (username !== undefined && passwordFile === undefined)
    add('error', 'username', 'username has no passwordFile', 'add passwordFile: /etc/aloft/mail-password')
  if (username === undefined && passwordFile !== undefined)
    add('error', 'passwordFile', 'passwordFile has no username', 'add username')
  if (username !== undefined && (valueAt(email, 'security') ?? 'none') === 'none')
    add('warning', 'username', 'the password is sent in clear text', 'write security: starttls or tls')
  return [...findings, ...samePipe(document.notifications)]
}

function samePipe(notifications: unknown): Finding[] {
  const path = valueAt(valueAt(notifications, 'vrrpFifo'), 'path')
  if (path === undefined || valueAt(valueAt(notifications, 'fifo'), 'path') !== path) return []
  return [
    {
      severity: 'error',
      code: 'duplicate-fifo',
      message: `fifo and vrrpFifo are the same pipe, ${String(path)}`,
      hint: 'fifo hears everything that vrrpFifo does; remove one',
      path: ['notifications', 'vrrpFifo', 'path'],
      at: 'value',
    },
  ]
}

function valueAt(value: unknown, key: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined
  return Object.entries(value).find(([name]) => name === key)?.[1]
}
