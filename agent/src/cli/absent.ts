/**
 * What is asked for by a name that is not there. The names that are there come from the lists, as the asker's own
 * credential is answered them: what is beyond its reach is never named, and the control plane's 404 tells nothing of it.
 */
import type { Client } from '@aloft/client/client'
import { ApiProblem } from '@aloft/client/problem'
import { didYouMean, type Name } from './nearest.ts'
import { Refused } from './outcome.ts'

const ALL = Number.POSITIVE_INFINITY

interface Named {
  readonly noun: string
  readonly listedBy: string
  readonly names: (client: Client) => Promise<readonly Name[]>
}

const itself = (name: string): Name => [name, name]

const KINDS = {
  site: {
    noun: 'site',
    listedBy: 'aloft sites',
    names: async (client) =>
      (await client.list('GET /api/v1/sites', ALL)).items.map(({ name }) => itself(name)),
  },
  agent: {
    noun: 'agent',
    listedBy: 'aloft agents',
    names: async (client) =>
      (await client.list('GET /api/v1/agents', ALL)).items.flatMap(({ site, node }): readonly Name[] => [
        itself(`${site}/${node}`),
        [node, `${site}/${node}`],
      ]),
  },
  node: {
    noun: 'node',
    listedBy: 'aloft agents',
    names: async (client) =>
      (await client.list('GET /api/v1/agents', ALL)).items.map(({ node }) => itself(node)),
  },
  'virtual-router': {
    noun: 'virtual router',
    listedBy: 'aloft virtual-routers',
    names: async (client) =>
      (await client.list('GET /api/v1/virtual-routers', ALL)).items.map(({ name }) => itself(name)),
  },
  user: {
    noun: 'user',
    listedBy: 'aloft user list',
    names: async (client) =>
      (await client.list('GET /api/v1/users', ALL)).items.map(({ name }) => itself(name)),
  },
  'enrolment-token': {
    noun: 'enrolment token',
    listedBy: 'aloft token list',
    names: async (client) =>
      (await client.list('GET /api/v1/enrolment-tokens', ALL)).items.map(({ id }) => itself(id)),
  },
  'api-token': {
    noun: 'API token',
    listedBy: 'aloft api-token list',
    names: async (client) =>
      (await client.list('GET /api/v1/api-tokens', ALL)).items.flatMap(({ id, name }): readonly Name[] => [
        itself(id),
        [name, `${id} (${name})`],
      ]),
  },
} satisfies Record<string, Named>

export type Kind = keyof typeof KINDS

/** `there is no site nroth; did you mean north?` Where nothing is near it says what lists them. */
export async function thereIsNo(client: Client, kind: Kind, wanted: string): Promise<Refused> {
  return absent(kind, wanted, (await namesOf(client, kind)) ?? [])
}

function absent(kind: Kind, wanted: string, names: readonly Name[]): Refused {
  const { noun, listedBy } = KINDS[kind]
  const hint = didYouMean(wanted, names)
  return new Refused(`there is no ${noun} ${wanted}${hint === '' ? `; \`${listedBy}\` lists them` : hint}`)
}

/** Runs what is about one thing by its name; where that is not there, with the nearest that is. */
export async function aboutOne<T>(
  client: Client,
  what: { readonly kind: Kind; readonly name: string },
  run: () => Promise<T>,
): Promise<T> {
  try {
    return await run()
  } catch (error) {
    if (!(error instanceof ApiProblem) || error.status !== 404) throw error
    throw await thereIsNo(client, what.kind, what.name)
  }
}

/** For filters that selected nothing: throws `Refused` when they name what is not there at all. */
export async function refuseAbsent(
  client: Client,
  named: Partial<Record<Kind, string | undefined>>,
): Promise<void> {
  for (const kind of Object.keys(KINDS) as Kind[]) {
    const wanted = named[kind]
    if (wanted === undefined) continue
    const names = await namesOf(client, kind)
    if (names !== null && !names.some(([called]) => called === wanted)) throw absent(kind, wanted, names)
  }
}

/** Null when the asker may not see the list: then there is nothing to say but what was said. */
async function namesOf(client: Client, kind: Kind): Promise<readonly Name[] | null> {
  try {
    return await KINDS[kind].names(client)
  } catch (error) {
    if (error instanceof ApiProblem) return null
    throw error
  }
}
