import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { AUDIT_GENESIS, AuditEntry, auditText } from './audit.ts'

const ENTRY = {
  id: 7,
  atMs: 1_795_000_000_123,
  actor: 'user:u',
  actorName: 'ann',
  credential: 'session:s',
  requestId: 'r',
  action: 'site.rename',
  targetKind: 'site',
  targetId: 't',
  siteId: 'i',
  before: { name: 'a' },
  after: { name: 'b', labels: { rack: '7' } },
  previousHash: AUDIT_GENESIS,
}

describe('the text an entry of the record is hashed as', () => {
  // Whoever kept the record elsewhere computes this with a program of their own, today and in ten years.
  it('is this, for ever', () => {
    expect(auditText(ENTRY)).toBe(
      `["aloft audit 1","${AUDIT_GENESIS}",7,1795000000123,"user:u","ann","session:s","r","site.rename","site","t","i",` +
        '{"name":"a"},{"labels":{"rack":"7"},"name":"b"}]',
    )
    expect(createHash('sha256').update(auditText(ENTRY)).digest('hex')).toBe(
      '08da65b72e59e5f868a195d6cfd6c80ebf17186d69a38011e98dde1a2f2348e7',
    )
  })

  const covered = Object.keys(AuditEntry.shape).filter((key) => key !== 'hash' && key !== 'at')
  it.each(covered)('covers %s', (key) => {
    for (const other of ['x', null]) expect(auditText({ ...ENTRY, [key]: other })).not.toBe(auditText(ENTRY))
  })

  it('tells nothing there from an empty thing, and one column from the next', () => {
    const texts = [
      auditText({ ...ENTRY, before: null }),
      auditText({ ...ENTRY, before: {} }),
      auditText({ ...ENTRY, before: ENTRY.after, after: ENTRY.before }),
      auditText({ ...ENTRY, targetKind: 't', targetId: 'site' }),
    ]
    expect(new Set([...texts, auditText(ENTRY)]).size).toBe(5)
  })

  it('is the same however the objects were kept in between', () => {
    const turned = { labels: { rack: '7' }, name: 'b' }
    expect(auditText({ ...ENTRY, after: turned })).toBe(auditText(ENTRY))
  })
})
