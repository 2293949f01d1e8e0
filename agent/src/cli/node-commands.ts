import { type Command, Option } from 'commander'
import type { AgentOptions } from './agent.ts'
import { finish, WrongUsage } from './outcome.ts'
import type { StatusOptions } from './status.ts'
import type { StepDownOptions } from './step-down.ts'
import type { UpgradeOptions } from './upgrade.ts'

const STATE_DIR = [
  '--state-dir <dir>',
  'where the agent keeps its state (default: ALOFT_STATE_DIR, or /var/lib/aloft for root and ~/.local/state/aloft for others)',
] as const

/** The agent's two processes are one command; `agent.ts` says what they do. */
export function mountAgent(program: Command): void {
  program
    .command('agent')
    .description('keep virtual IPs up on this node, until SIGTERM or Ctrl-C; SIGHUP reads the config again')
    .requiredOption('--config <file>', 'an Aloft config; `aloft check` says whether it can be used')
    .option(...STATE_DIR)
    .option(
      '--control-plane <url>',
      'report to this control plane: https://HOST, http://HOST:PORT or unix:/PATH; several URLs of it by commas, or each with the option',
      (url: string, before: string | undefined) => (before === undefined ? url : `${before},${url}`),
    )
    .addOption(
      new Option(
        '--control-plane-transport <transport>',
        'how to reach it: WebSocket, HTTP requests, or the first where it passes',
      )
        .choices(['auto', 'ws', 'exchange'])
        .default('auto'),
    )
    .option(
      '--enrolment-token <token>',
      'what lets a new agent in, from `aloft token create`; or ALOFT_ENROLMENT_TOKEN',
    )
    .option('--metrics-listen <host:port>', 'answer /metrics, /healthz and /readyz there, over http')
    .addOption(
      new Option('--only <process>', 'run one of the two processes, for a supervisor that runs each').choices(
        ['router', 'steward'],
      ),
    )
    .action(async (options: AgentOptions) => {
      requireControlPlane(options.controlPlane)
      await requireListenAddress(options.metricsListen)
      const { keepHeapSmall } = await import('./small-heap.ts')
      keepHeapSmall()
      const { runAgent } = await import('./agent.ts')
      finish(await runAgent(options))
    })
}

export function mountStatus(program: Command): void {
  program
    .command('status')
    .description(
      "show the local agent's truth: roles, timers, trackers, BFD, what is wrong on its LANs, what waits",
    )
    .option(...STATE_DIR)
    .option('--json', 'print {agent, router, trackers, uplink, spool, notifications}')
    .action(async (options: StatusOptions) => {
      const { showStatus } = await import('./status.ts')
      finish(await showStatus(options))
    })
}

export function mountStepDown(program: Command): void {
  program
    .command('step-down')
    .description(
      'have the local agent give the role of active away; nothing is lost while another takes over',
    )
    .argument('<router>', 'the name of a virtual router, both families of it')
    .option(
      '--for <time>',
      'preempt nobody for so long, or `ever`; over as soon as the new active is lost (default: 5m)',
    )
    .option('--undo', 'preempt again from now on')
    .option(...STATE_DIR)
    .option('--json', 'print {virtualRouter, forMs, undo}')
    .action(async (router: string, options: StepDownOptions) => {
      const { stepDown } = await import('./step-down.ts')
      finish(await stepDown(router, options))
    })
}

export function mountUpgrade(program: Command): void {
  program
    .command('upgrade')
    .description(
      'replace the local router process by one of the program as it is installed now, unnoticed on the LAN',
    )
    .option(...STATE_DIR)
    .option('--json', 'print {before, now}: the pids')
    .action(async (options: UpgradeOptions) => {
      const { upgrade } = await import('./upgrade.ts')
      finish(await upgrade(options))
    })
}

export function mountReplay(program: Command): void {
  program
    .command('replay')
    .description('run the router again on what it recorded (STATE-DIR/recordings), and print what it did')
    .argument('<file>', 'a recording')
    .option('--json', 'one {at, output} a line')
    .action(async (file: string, options: { readonly json?: boolean }) => {
      const { replayRecording } = await import('./replay.ts')
      finish(await replayRecording(file, options))
    })
}

function requireControlPlane(urls: string | undefined): void {
  if (urls === undefined) return
  for (const url of urls.split(',').map((text) => text.trim())) {
    if (/^unix:\/./.test(url) || (/^https?:\/\/[^/]/.test(url) && URL.canParse(url))) continue
    throw new WrongUsage(`--control-plane ${url}: write https://HOST, http://HOST:PORT or unix:/PATH`)
  }
}

async function requireListenAddress(text: string | undefined): Promise<void> {
  if (text === undefined) return
  const { parseListenAddress } = await import('../steward/metrics-server.ts')
  if (parseListenAddress(text) !== null) return
  throw new WrongUsage(`--metrics-listen takes HOST:PORT, for example 127.0.0.1:9650, not ${text}`)
}
