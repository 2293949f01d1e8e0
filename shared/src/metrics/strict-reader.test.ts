import { describe, expect, it } from 'vitest'
import { formatMetrics } from './exposition.ts'
import { readExposition } from './strict-reader.fixture.ts'

const head = (name: string, type = 'gauge') => `# HELP ${name} What it is.\n# TYPE ${name} ${type}\n`

describe('the strict reader of the text format', () => {
  it('reads what is written, whatever is in a label', () => {
    const odd = { name: 'a"b\\c\nd\te,f}', other: 'ü' }
    const text = formatMetrics([
      { name: 'x', help: 'X.', type: 'gauge', samples: [{ labels: odd, value: 1.5e-7 }] },
      { name: 'y_total', help: 'Y.', type: 'counter', samples: [{ value: Number.POSITIVE_INFINITY }] },
      {
        name: 'z_seconds',
        help: 'Z.',
        type: 'summary',
        samples: [
          { labels: { quantile: '0.5' }, value: Number.NaN },
          { suffix: '_count', value: 0 },
        ],
      },
    ])
    expect(readExposition(text)).toEqual([
      { name: 'x', labels: odd, value: 1.5e-7 },
      { name: 'y_total', labels: {}, value: Number.POSITIVE_INFINITY },
      { name: 'z_seconds', labels: { quantile: '0.5' }, value: Number.NaN },
      { name: 'z_seconds_count', labels: {}, value: 0 },
    ])
  })

  it.each([
    ['no end of line', `${head('x')}x 1`],
    ['a sample of no family', 'x 1\n'],
    ['a sample of another family', `${head('x')}y 1\n`],
    ['a family twice', `${head('x')}x 1\n${head('x')}`],
    ['a series twice', `${head('x')}x{a="1",b="2"} 1\nx{b="2",a="1"} 2\n`],
    ['a label twice', `${head('x')}x{a="1",a="2"} 1\n`],
    ['an escape that is none', `${head('x')}x{a="\\t"} 1\n`],
    ['labels without a comma', `${head('x')}x{a="1"b="2"} 1\n`],
    ['a value that is none', `${head('x')}x undefined\n`],
    ['a type that is none', head('x', 'histogramm')],
    ['a counter without _total', `${head('x', 'counter')}x 1\n`],
    ['a gauge with _total', `${head('x_total')}x_total 1\n`],
    ['milliseconds', `${head('x_ms')}x_ms 1\n`],
    ['a summary without a quantile', `${head('x', 'summary')}x 1\n`],
    ['an empty line', `${head('x')}\nx 1\n`],
  ])('refuses %s', (_, text) => expect(() => readExposition(text)).toThrow())
})
