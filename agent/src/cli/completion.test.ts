import { execFileSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { completionScript } from './completion.ts'
import { createProgram } from './program.ts'

/** What bash itself offers after these words; the last one is being typed. */
function offered(...words: readonly string[]): readonly string[] {
  const typed = words.map((word) => `'${word}'`).join(' ')
  const ask = `${completionScript(createProgram(), 'bash')}
COMP_WORDS=(aloft ${typed}); COMP_CWORD=${words.length}; _aloft; printf '%s\\n' "\${COMPREPLY[@]}"`
  return execFileSync('bash', ['-c', ask], { encoding: 'utf8' }).trim().split('\n')
}

describe('completion', () => {
  it('offers every command there is', () => {
    const names = createProgram().commands.map((command) => command.name())
    expect(offered('')).toEqual(expect.arrayContaining(names))
  })

  it.each([
    [['fail'], ['failovers']],
    [
      ['sites', ''],
      ['create', 'rename', 'delete', '--json'],
    ],
    [['token', 're'], ['revoke']],
    [['export', 'failovers', '--pl'], ['--planned']],
    [['failovers', '--site', 'paris', '--rea'], ['--reason']],
    [
      ['completion', ''],
      ['bash', 'zsh', 'fish'],
    ],
  ])('after %s offers %s', (words, expected) =>
    expect(offered(...words)).toEqual(expect.arrayContaining(expected)),
  )

  it('offers nothing that is not there', () => {
    expect(offered('sites', 'create', '--lim')).toEqual([''])
    expect(offered('token', 'create', '--si')).toEqual(['--site'])
  })

  it('is the same for the other shells', () => {
    const zsh = completionScript(createProgram(), 'zsh')
    expect(zsh).toBe(
      `autoload -Uz bashcompinit && bashcompinit\n${completionScript(createProgram(), 'bash')}`,
    )
    const fish = completionScript(createProgram(), 'fish')
    expect(fish).toContain(`complete -c aloft -n "__aloft_at 'sites'" -f -a create -d 'make a site'`)
    expect(fish).toContain(`complete -c aloft -n "__aloft_at 'failovers'" -l reason`)
  })
})
