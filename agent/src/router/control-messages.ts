/** What each message on the control socket makes the router do. */

import type { Verdict } from '../tracking/verdict.ts'
import type { RouterStatus, StepDownMessage, StewardMessage } from './contract.ts'
import type { Client } from './control-socket.ts'
import type { StepDownOrder } from './loop/departures.ts'
import { completed, isRunningConfig, type RunningConfig } from './running-config.ts'
import type { StewardGuard } from './steward-guard.ts'
import { isVerdicts } from './verdict-keeper.ts'

export interface ControlActions {
  /** Throws when the configuration cannot be kept; the old one then goes on. */
  configure(running: RunningConfig): void
  tracked(verdicts: readonly Verdict[]): void
  status(): RouterStatus
  /** Returns the file's path; throws when it cannot be written. */
  dump(): string
  /** `now`: without waiting for a successor. */
  shutdown(now: boolean): void
  /** Null: done; otherwise why not. */
  stepDown(order: StepDownOrder): string | null
  /** Null: another process is being started; otherwise why not. */
  replace(): string | null
  /** That process is ready, and `client` is its connection. */
  handOver(client: Client, pid: number): void
}

export function handleMessage(
  { actions, stewards }: { readonly actions: ControlActions; readonly stewards: StewardGuard },
  client: Client,
  message: StewardMessage,
): void {
  switch (message.kind) {
    case 'hello':
      stewards.hello(client, { runId: message.runId, pid: message.pid })
      return
    case 'goodbye':
      stewards.goodbye(client)
      return
    case 'verdicts':
      if (isVerdicts(message.verdicts)) actions.tracked(message.verdicts)
      else client.send({ kind: 'refused', error: 'verdicts carries something else' })
      return
    case 'status':
      client.send({ kind: 'status', id: message.id, status: actions.status() })
      return
    case 'dump':
      answerDump(actions, client, message.id)
      return
    case 'configure':
      answerConfigure(actions, client, message)
      return
    case 'shutdown':
      actions.shutdown(message.now === true)
      return
    case 'replace':
      client.send({ kind: 'replacing', id: message.id, error: actions.replace() })
      return
    case 'take-over':
      if (Number.isInteger(message.pid) && message.pid > 0) actions.handOver(client, message.pid)
      else client.send({ kind: 'refused', error: 'take-over carries no pid' })
      return
    case 'step-down':
      answerStepDown(actions, client, message)
      return
    default:
      client.send({ kind: 'refused', error: 'unknown kind of message' })
  }
}

function answerStepDown(
  actions: ControlActions,
  client: Client,
  { id, virtualRouter, forMs, undo }: StepDownMessage,
): void {
  if (typeof virtualRouter !== 'string' || !(forMs === null || (Number.isFinite(forMs) && forMs > 0))) {
    client.send({ kind: 'refused', error: 'step-down carries no virtual router or no time' })
    return
  }
  const refused = actions.stepDown({ name: virtualRouter, forMs, undo: undo === true })
  client.send({ kind: 'stepped-down', id, refused })
}

function answerConfigure(actions: ControlActions, client: Client, message: RunningConfig): void {
  const { revision, config } = message
  if (!isRunningConfig({ revision, config })) {
    client.send({ kind: 'refused', error: 'configure carries no configuration' })
    return
  }
  try {
    actions.configure(completed({ revision, config }))
    client.send({ kind: 'configured', revision })
  } catch (error) {
    client.send({ kind: 'refused', error: `configuration not taken: ${String(error)}` })
  }
}

function answerDump(actions: ControlActions, client: Client, id: number): void {
  try {
    client.send({ kind: 'recording', id, path: actions.dump(), error: null })
  } catch (error) {
    client.send({ kind: 'recording', id, path: null, error: String(error) })
  }
}
