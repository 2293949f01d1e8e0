import { z } from 'zod'

/** What a centre of this version may ask of an agent. An agent says in its hello which of them it knows. */
export const COMMAND_KINDS = ['report', 'rotate-key'] as const
export type CommandKind = (typeof COMMAND_KINDS)[number]

/**
 * Do this once, however often it comes. `expiresAtWallMs` is on the centre's clock: from then on it may not be done any
 * more. `command` is any word: one the agent does not know is answered, and ends nothing.
 */
export const Command = z.object({
  kind: z.literal('command'),
  id: z.string().min(1).max(64),
  command: z.string().min(1).max(64),
  expiresAtWallMs: z.number(),
})
export type Command = z.infer<typeof Command>

/** `unsupported`: the agent does not know this command. `expired`: it came too late and was not done. */
export const CommandOutcome = z.enum(['done', 'failed', 'unsupported', 'expired'])
export type CommandOutcome = z.infer<typeof CommandOutcome>

/** Characters. */
export const RESULT_DETAIL_MAX = 1_000

export const CommandResult = z.object({
  kind: z.literal('command-result'),
  id: z.string().min(1).max(64),
  outcome: CommandOutcome,
  /** For people. */
  detail: z.string().max(RESULT_DETAIL_MAX),
})
export type CommandResult = z.infer<typeof CommandResult>
