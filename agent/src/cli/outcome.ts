/** How a command ends other than well. `aloft.ts` prints the message and exits with the code; nothing else exits. */

/** Exit 1: the answer is no, and the message is the reason. */
export class Refused extends Error {
  override readonly name = 'Refused'
}

/** Exit 2: the command was given something it cannot mean. */
export class WrongUsage extends Error {
  override readonly name = 'WrongUsage'
}

/** The command has printed its own answer, such as diagnostics, and it is not yes. */
export class Answered extends Error {
  override readonly name = 'Answered'
  readonly exitCode: number

  constructor(message: string, exitCode = 1) {
    super(message)
    this.exitCode = exitCode
  }
}

/** For commands that resolve with an exit code and have printed their own reason when it is not 0. */
export function finish(exitCode: number): void {
  if (exitCode !== 0) throw new Answered('said already', exitCode)
}
