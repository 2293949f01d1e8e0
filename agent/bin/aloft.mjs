#!/usr/bin/env node
import { existsSync } from 'node:fs'

const bundle = new URL('../dist/aloft.js', import.meta.url)
if (!existsSync(bundle)) {
  console.error(
    'aloft: agent/dist/aloft.js is missing; run `npm run build` in the checkout (npm ci does it).',
  )
  process.exit(2)
}
await import(bundle.href)
