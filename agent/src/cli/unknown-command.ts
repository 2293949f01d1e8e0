import type { Command } from 'commander'
import { didYouMean } from './nearest.ts'

/**
 * Commands that do something themselves and have others below them: a word that is none of those is told as such, where
 * commander would count arguments (`too many arguments for 'sites'`).
 */
export function refuseUnknownCommands(program: Command): void {
  for (const command of program.commands) if (command.commands.length > 0) command.allowExcessArguments()
  program.hook('preAction', (_, action) => {
    const [word] = action.args.slice(action.registeredArguments.length)
    const names = action.commands.map((command) => command.name())
    if (word === undefined || names.length === 0) return
    const hint =
      didYouMean(
        word,
        names.map((name) => [name, name]),
      ) || `; it has ${names.join(', ')}`
    action.error(`error: aloft ${action.name()} has no command ${word}${hint}`, { exitCode: 2 })
  })
}
