import { type Context, Hono } from 'hono'
import { Invalid } from '../problems.ts'
import { type EnrolmentContext, enrol } from './enrol.ts'

/** `POST /enrol`, what a node calls once. Not part of the API for people: its credential is the token in the body. */
export function enrolmentRoute(context: (c: Context) => EnrolmentContext): Hono {
  const app = new Hono()
  app.post('/enrol', async (c) => {
    const body: unknown = await c.req.json().catch(() => {
      throw new Invalid('the body is not JSON', [{ pointer: '', message: 'not JSON' }])
    })
    return c.json(await enrol(context(c), body), 201)
  })
  return app
}
