import { defineConfig } from 'drizzle-kit'

/** `npx drizzle-kit generate --config control-plane/drizzle.config.ts --name what-changed`, from the top of the checkout. */
export default defineConfig({
  dialect: 'postgresql',
  schema: './control-plane/src/database/schema/index.ts',
  out: './migrations',
})
