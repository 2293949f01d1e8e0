/** What this agent does when its centre orders it to; the ledger sees that it does it once. */
import {
  COMMAND_KINDS,
  type Command,
  type CommandKind,
  type CommandResult,
} from '@aloft/shared/protocol/commands'
import type { CommandLedger, Deed } from './command-ledger.ts'

/** Each that is there is named in the hello: only those are sent. */
export type Deeds = Partial<Readonly<Record<CommandKind, Deed>>>

export function knownCommands(deeds: Deeds): CommandKind[] {
  return COMMAND_KINDS.filter((kind) => deeds[kind] !== undefined)
}

export function obey(ledger: CommandLedger, command: Command, deeds: Deeds): Promise<CommandResult> {
  const kind = COMMAND_KINDS.find((known) => known === command.command)
  return ledger.obey(command, (kind === undefined ? undefined : deeds[kind]) ?? null)
}
