import { createInterface } from 'node:readline/promises'
import type { Agent } from '@aloft/client/api.generated'
import { ApiProblem } from '@aloft/client/problem'
import type { Command } from 'commander'
import { agentText } from './agent-show.ts'
import { findAgent } from './find-agent.ts'
import { connectFleet, type FleetOptions, printJson, withFleetOptions } from './fleet-command.ts'
import { Refused, WrongUsage } from './outcome.ts'

interface ApproveOptions extends FleetOptions {
  readonly fingerprint?: string
  readonly yes?: boolean
  readonly reason?: string
}

const HOW = `
Whoever has a token for a site can enrol under any node’s name. So compare the
key: the node shows its own with \`aloft status\`. What is approved is the key
that was shown or given, and no other: one that enrolled meanwhile is refused.`

/** `aloft agents approve NODE`: shows what it lets in, and lets in nothing else. */
export function mountAgentApproval(agents: Command): void {
  const approve = agents
    .command('approve')
    .description('let in an agent that waits for approval; on a terminal it is shown first, and asked about')
    .argument('<node>', 'NODE, SITE/NODE or the agent’s id')
    .option('--fingerprint <fingerprint>', 'of its key, as the node shows it; any other key is refused')
    .option('--yes', 'do not ask')
    .option('--reason <text>', 'for the record, and for whoever reads it on the node')
    .addHelpText('after', HOW)
  withFleetOptions(approve).action((node: string) => run(node, approve.optsWithGlobals()))
}

async function run(node: string, options: ApproveOptions): Promise<void> {
  const expected = fingerprintOf(options.fingerprint)
  const client = await connectFleet(options)
  const path = { id: (await findAgent(client, node)).id }
  // What is looked at and what is approved are the same: the tag is of this answer.
  const { value: seen, etag } = await client.answer('GET /api/v1/agents/{id}', { path })
  if (seen === null) throw new Refused(`${node} was not answered`)
  if (expected !== null) requireKey(seen, expected)
  else if (seen.state === 'pending' && !options.yes) await ask(seen)
  const body = options.reason === undefined ? {} : { reason: options.reason }
  const approving = { path, body, ...(etag === null ? {} : { ifMatch: etag }) }
  const agent = await client.call('POST /api/v1/agents/{id}/approve', approving).catch((error: unknown) => {
    throw error instanceof ApiProblem && error.status === 412 ? changed(seen) : error
  })
  if (options.json) return printJson(agent)
  const name = `${agent.site}/${agent.node}`
  // A centre of an older release does not tell it.
  const key = agent.keyFingerprint ? ` Its key is ${agent.keyFingerprint}.` : ''
  console.log(
    seen.state === 'pending'
      ? `${name} is approved.${key} It comes in when it asks again, within a minute if it enrolled just now.`
      : `${name} was approved before; it is ${agent.state}.${key}`,
  )
}

/** As `aloft status` prints it; without its `SHA256:` too. */
function fingerprintOf(text: string | undefined): string | null {
  if (text === undefined) return null
  const [, digest] = /^(?:SHA256:)?([A-Za-z0-9+/]{43})=?$/.exec(text.trim()) ?? []
  if (digest !== undefined) return `SHA256:${digest}`
  throw new WrongUsage(
    `--fingerprint ${text}: write SHA256: and 43 characters, as \`aloft status\` on the node shows it`,
  )
}

function requireKey({ site, node, keyFingerprint }: Agent, expected: string): void {
  if (keyFingerprint === expected) return
  // A centre of an older release has no word for it.
  if (!keyFingerprint) throw new Refused('this control plane is too old to tell the fingerprints of keys')
  throw new Refused(
    `${site}/${node} is not approved: its key is ${keyFingerprint}, and not ${expected}; either this is another host, ` +
      `or it enrolled anew. What was enrolled under its name is turned away by: aloft agents reject ${site}/${node}`,
  )
}

/** Somebody at a terminal sees what it is about; a script has said what it wants. */
async function ask(agent: Agent): Promise<void> {
  if (!process.stdin.isTTY || !process.stderr.isTTY) return
  console.error(agentText(agent, Date.now()))
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  const question = 'Is this the key the node shows (`aloft status`), and is it to be let in? [y/N] '
  // Ctrl-D and Ctrl-C are no, on a line of their own.
  const answer = await terminal.question(question).catch(() => {
    console.error()
    return ''
  })
  terminal.close()
  if (!/^y(es)?$/i.test(answer.trim()))
    throw new Refused(`${agent.site}/${agent.node} is not approved; nothing was changed`)
}

function changed({ site, node }: Agent): Refused {
  return new Refused(
    `${site}/${node} is not approved: it was changed since it was looked at; see \`aloft agents show ${site}/${node}\`, and approve what is there now`,
  )
}
