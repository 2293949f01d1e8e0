import { expect, test } from 'vitest'
import { counter, formatMetrics, gauge } from './exposition.ts'

test('a figure has its help, its type and a line a sample', () => {
  const role = {
    name: 'role',
    help: 'What it does.',
    type: 'gauge',
    samples: [
      { labels: { router: 'web', role: 'active' }, value: 1 },
      { labels: { router: 'web', role: 'backup' }, value: 0 },
    ],
  } as const
  expect(formatMetrics([role, gauge('up', 'Whether.', 1), counter('sent_total', 'How many.', 7)])).toBe(
    [
      '# HELP role What it does.',
      '# TYPE role gauge',
      'role{router="web",role="active"} 1',
      'role{router="web",role="backup"} 0',
      '# HELP up Whether.',
      '# TYPE up gauge',
      'up 1',
      '# HELP sent_total How many.',
      '# TYPE sent_total counter',
      'sent_total 7',
      '',
    ].join('\n'),
  )
})

test('quotes, backslashes and line ends in a label are escaped', () => {
  const figure = { ...gauge('x', 'X.', 1), samples: [{ labels: { name: 'a"b\\c\nd' }, value: 1 }] }
  expect(formatMetrics([figure])).toContain('x{name="a\\"b\\\\c\\nd"} 1')
})
