import { Argument, type Command } from 'commander'

const SHELLS = ['bash', 'zsh', 'fish'] as const
type Shell = (typeof SHELLS)[number]

/** A place in the tree of commands: what was typed so far, and what may come. */
interface Place {
  /** `sites create`; the top is the empty text. */
  readonly path: string
  readonly choices: readonly Choice[]
}

interface Choice {
  readonly word: string
  readonly about: string
}

/** `aloft completion SHELL`: made from the commands themselves, so that it knows every one of them and no other. */
export function mountCompletion(program: Command): void {
  program
    .command('completion')
    .description('print a completion script: bash, zsh or fish')
    .addArgument(new Argument('<shell>').choices(SHELLS))
    .addHelpText('after', HOW)
    .action((shell: Shell) => console.log(completionScript(program, shell)))
}

const HOW = `
  source <(aloft completion bash)                                  # in ~/.bashrc
  source <(aloft completion zsh)                                   # in ~/.zshrc, after compinit
  aloft completion fish > ~/.config/fish/completions/aloft.fish`

export function completionScript(program: Command, shell: Shell): string {
  const places = placesOf(program, [])
  if (shell === 'fish') return fishScript(places)
  const zsh = shell === 'zsh' ? 'autoload -Uz bashcompinit && bashcompinit\n' : ''
  return zsh + bashScript(places)
}

function placesOf(command: Command, path: readonly string[]): readonly Place[] {
  const { visibleCommands, visibleOptions } = {
    visibleCommands: command.createHelp().visibleCommands(command),
    visibleOptions: command.createHelp().visibleOptions(command),
  }
  const words = visibleCommands.map((each) => ({ word: each.name(), about: each.description() }))
  const options = visibleOptions.flatMap(({ long, description }) =>
    long === undefined || long === null ? [] : [{ word: long, about: description }],
  )
  const arguments_ = command.registeredArguments.flatMap(({ argChoices = [] }) =>
    argChoices.map((word) => ({ word, about: '' })),
  )
  const here = { path: path.join(' '), choices: [...words, ...arguments_, ...options] }
  return [
    here,
    ...command.commands.flatMap((child) =>
      words.some(({ word }) => word === child.name()) && child.name() !== 'help'
        ? placesOf(child, [...path, child.name()])
        : [],
    ),
  ]
}

/** Whatever is no command and no option is completed as a file, which the shell does by itself. */
function bashScript(places: readonly Place[]): string {
  const known = places.map(({ path }) => quoted(path)).join('|')
  const cases = places.map(
    ({ path, choices }) =>
      `    ${quoted(path)}) words=${quoted(choices.map(({ word }) => word).join(' '))} ;;`,
  )
  return `_aloft() {
  local current="\${COMP_WORDS[COMP_CWORD]}" path='' words='' word longer
  for word in "\${COMP_WORDS[@]:1:$((COMP_CWORD - 1))}"; do
    longer="\${path:+$path }$word"
    case "$longer" in ${known}) path="$longer" ;; esac
  done
  case "$path" in
${cases.join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _aloft aloft`
}

function fishScript(places: readonly Place[]): string {
  const known = places.filter(({ path }) => path !== '').map(({ path }) => quoted(path))
  const lines = places.flatMap(({ path, choices }) =>
    choices.map(({ word, about }) => {
      const what = word.startsWith('--') ? `-l ${word.slice(2)}` : `-f -a ${word}`
      return `complete -c aloft -n "__aloft_at ${quoted(path)}" ${what} -d ${quoted(about)}`
    }),
  )
  return `function __aloft_at
    set -l path ''
    for word in (commandline -opc)[2..-1]
        set -l longer (string trim -- "$path $word")
        contains -- $longer ${known.join(' ')}; and set path $longer
    end
    test "$path" = "$argv[1]"
end
${lines.join('\n')}`
}

/** For all three shells; none of our words has a quote, but descriptions may. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", '’')}'`
}
