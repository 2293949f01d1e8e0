import { expect, it } from 'vitest'
import { DEFAULT_RETENTION, retentionOf } from './settings.ts'

it('is the usual one where nothing else is said', () => {
  expect(retentionOf({})).toEqual(DEFAULT_RETENTION)
  expect(retentionOf({ ALOFT_KEEP_EVENTS: '' })).toEqual(DEFAULT_RETENTION)
})

it('takes days and shorter durations', () => {
  expect(retentionOf({ ALOFT_KEEP_EVENTS: '30d', ALOFT_KEEP_FEED: '90m' })).toEqual({
    ...DEFAULT_RETENTION,
    eventsMs: 30 * 86_400_000,
    feedMs: 5_400_000,
  })
})

it.each(['30', 'soon', '0d', '-3d', '10m'])('refuses ALOFT_KEEP_EVENTS=%s by name', (text) => {
  expect(() => retentionOf({ ALOFT_KEEP_EVENTS: text })).toThrow(/^ALOFT_KEEP_EVENTS must be .*90d/)
})

it.each([
  ['ALOFT_KEEP_EVENTS', 'eventsMs'],
  ['ALOFT_KEEP_TRANSITIONS', 'transitionsMs'],
  ['ALOFT_KEEP_HOURS', 'hoursMs'],
  ['ALOFT_KEEP_DAYS', 'daysMs'],
  ['ALOFT_KEEP_FEED', 'feedMs'],
])('%s changes that and nothing else', (name, key) => {
  expect(retentionOf({ [name]: '11d' })).toEqual({ ...DEFAULT_RETENTION, [key]: 11 * 86_400_000 })
})
