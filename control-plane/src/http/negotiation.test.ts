import { describe, expect, it } from 'vitest'
import { chooseForm } from './negotiation.ts'

const OFFERED = ['application/json', 'application/x-ndjson']

describe('the form of an answer', () => {
  it.each([
    [undefined, 'application/json'],
    ['', 'application/json'],
    ['*/*', 'application/json'],
    ['application/*', 'application/json'],
    ['application/x-ndjson', 'application/x-ndjson'],
    ['application/json, application/x-ndjson', 'application/json'],
    ['application/json;q=0.1, application/x-ndjson;q=0.9', 'application/x-ndjson'],
    ['Application/X-NDJSON; charset=utf-8', 'application/x-ndjson'],
    ['text/html, */*;q=0.1', 'application/json'],
    ['application/json;q=0, */*', 'application/x-ndjson'],
    ['text/html', null],
    ['application/json;q=0', null],
    ['application/json;q=x', null],
    ['nonsense', null],
  ])('for Accept: %s is %s', (accept, form) => expect(chooseForm(accept, OFFERED)).toBe(form))
})
