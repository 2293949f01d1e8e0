/**
 * When a command may be done (`shared/protocol/commands`). Its deadline is on the centre's clock, so it waits until the
 * difference of the clocks is known: the first heartbeat is answered within a round trip. In doubt it is too late.
 */
import type { Command, CommandResult } from '@aloft/shared/protocol/commands'
import { clockOffset } from './clock-offset.ts'
import type { Live, Moment, SessionAction } from './state.ts'

/** More of them at once than people give. */
const COMMANDS_WAITING_MAX = 32

export function hearCommand(live: Live, command: Command, moment: Moment): [Live, SessionAction[]] {
  if (live.commands.some(({ id }) => id === command.id)) return [live, []]
  if (live.commands.length >= COMMANDS_WAITING_MAX)
    return [live, [answer(command.id, 'failed', 'too many commands wait')]]
  return judgeCommands({ ...live, commands: [...live.commands, command] }, moment)
}

/** Does what may be done now. To be called whenever something new is known of the clocks. */
export function judgeCommands(live: Live, { nowMs, wallMs }: Moment): [Live, SessionAction[]] {
  if (live.commands.length === 0) return [live, []]
  const clock = clockOffset(live.samples, wallMs - nowMs)
  if (clock === null) return [live, []]
  const latestMs = wallMs + clock.offsetMs + clock.errorMs
  const actions = live.commands.map(
    (command): SessionAction =>
      latestMs < command.expiresAtWallMs
        ? { do: 'obey', command }
        : answer(command.id, 'expired', 'it came after its deadline'),
  )
  return [{ ...live, commands: [] }, actions]
}

function answer(id: string, outcome: CommandResult['outcome'], detail: string): SessionAction {
  return { do: 'send', frame: { kind: 'command-result', id, outcome, detail } }
}
