import { expect, it } from 'vitest'
import { createTestDatabase } from '../database/test-database.ts'
import { enrolNode, startTestGateway, TestAgent } from '../gateway/test-agent.ts'

it('the first to come after a restart is told the spread of the whole fleet, over the replicas that live', async () => {
  const { db, sql, close } = await createTestDatabase()
  const lb1 = await enrolNode(db, 'amsterdam', 'lb1')
  await sql`
    insert into agents (site_id, node, public_key, software, enrolled_at_ms, standing)
    select s.id, 'n' || i, 'key-' || i, 'test', 0, case when i <= 2999 then 'approved' else 'revoked' end
    from sites s, generate_series(1, 4000) i where s.name = 'amsterdam'`
  const spreadAt = async (): Promise<number> => {
    const gateway = await startTestGateway(db)
    const agent = new TestAgent(gateway.url)
    const { spreadMs } = await agent.hello(lb1)
    await agent.close()
    await gateway.stop()
    return spreadMs
  }
  try {
    expect(await spreadAt()).toBe(15_000)
    await sql`delete from replicas`
    await sql`
      insert into replicas (id, started_at_ms, seen_at_ms)
      select id, 0, extract(epoch from clock_timestamp()) * 1000 - age
      from (values ('lives', 0), ('lives-too', 1000), ('died', 60000)) r(id, age)`
    expect(await spreadAt()).toBeLessThanOrEqual(7_500)
  } finally {
    await close()
  }
})
