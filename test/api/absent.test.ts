/** What the command line says of a name that is not there: the nearest that is, of what the asker may see. */
import { startTestApplication, type TestApplication } from '@aloft/control-plane/http/test-application'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type ServedApplication, serve } from './command-line.fixture.ts'
import { fleetOf } from './fleet.ts'

let app: TestApplication
let served: ServedApplication
beforeAll(async () => {
  app = await startTestApplication()
  await fleetOf(app.database)
  served = await serve(app)
  await served.run('user create ann')
})
afterAll(async () => {
  served.close()
  expect(app.faults).toEqual([])
  await app.close()
})

const refusal = async (args: string, as?: string) => {
  const { code, stdout, stderr } = await served.run(args, as)
  return [code, stdout, stderr]
}

describe('what is not there', () => {
  it.each([
    ['sites delete pariss', 'there is no site pariss; did you mean paris?'],
    ['sites rename rmoe x', 'there is no site rmoe; did you mean rome?'],
    ['sites delete oslo', 'there is no site oslo; `aloft sites` lists them'],
    ['agents --site rmoe --json', 'there is no site rmoe; did you mean rome?'],
    ['agents revoke lb9', 'there is no agent lb9; did you mean paris/lb1, paris/lb2 or rome/lb1?'],
    ['agents show rome/lb2', 'there is no agent rome/lb2; did you mean rome/lb1?'],
    ['failovers --router wbe', 'there is no virtual router wbe; did you mean web?'],
    ['availability --virtual-router weeb', 'there is no virtual router weeb; did you mean web?'],
    ['events --follow --node lb22', 'there is no node lb22; did you mean lb2?'],
    ['export events --site prais', 'there is no site prais; did you mean paris?'],
    ['token list --site prais', 'there is no site prais; did you mean paris?'],
    ['audit list --site prais', 'there is no site prais; did you mean paris?'],
    ['user disable amn', 'there is no user amn; did you mean ann?'],
    ['user grant ann --role viewer@prais', 'there is no site prais; did you mean paris?'],
  ])('aloft %s', async (args, said) => {
    expect(await refusal(args)).toEqual([1, '', `aloft: ${said}\n`])
  })

  it('has no id that begins like it, or is the name of one', async () => {
    const { items: tokens } = JSON.parse((await served.run('token list --json')).stdout)
    const id: string = tokens[0].id
    const cut = `${id.slice(0, 12)}`
    expect(await refusal(`token revoke ${cut}`)).toEqual([
      1,
      '',
      `aloft: there is no enrolment token ${cut}; did you mean ${id}?\n`,
    ])
    const made = await served.run('api-token create --name nightly --json')
    const { id: nightly } = JSON.parse(made.stdout)
    expect((await refusal('api-token revoke nightly'))[2]).toContain(`did you mean ${nightly} (nightly)?`)
    expect((await refusal(`api-token revoke ${nightly}`))[0]).toBe(0)
  })
})

it('what the asker may not see is not named, and said of in the same words as what is not there', async () => {
  const as = await app.token('admin', { sites: ['paris'] })
  const words = async (args: string) => (await refusal(args, as))[2]
  const roma = await words('sites delete roma')
  const rome = await words('sites delete rome')
  expect(roma).toBe('aloft: there is no site roma; `aloft sites` lists them\n')
  expect(rome).toBe('aloft: there is no site rome; `aloft sites` lists them\n')
  expect(await words('agents --site rome')).toBe(rome)
  expect(await words('agents revoke rome/lb1')).not.toMatch(/did you mean.*rome/)
  expect(await words('agents revoke lb9')).toContain('did you mean paris/lb1 or paris/lb2?')
})

it('who may not do it is told which roles may', async () => {
  const as = await app.token('viewer')
  expect((await refusal('sites delete paris', as))[2]).toContain(
    'needs the permission sites.manage, which token test has not; a role that has it: author, admin (403)',
  )
})

describe('a word that is no command', () => {
  it.each([
    ['agents aprove lb1', 'aloft agents has no command aprove; did you mean approve?'],
    ['sites paris', 'aloft sites has no command paris; it has create, rename, delete'],
    ['control-plane migrat', 'aloft control-plane has no command migrat; did you mean migrate?'],
    ['centre-key x', 'aloft centre-key has no command x; it has rotate'],
  ])('aloft %s', async (args, said) => {
    expect(await refusal(args)).toEqual([2, '', `error: ${said}\nTry the same with --help.\n`])
  })
})
