import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { formatScenario, parseScenario, playScenario } from './scenario.ts'

const files = readdirSync(import.meta.dirname).filter((file) => file.endsWith('.txt'))
/** Writes what happens into the files, for a reader to judge in the diff. */
const isRecording = process.env['ALOFT_RECORD_SCENARIOS'] === '1'

describe('scenarios (ALOFT_RECORD_SCENARIOS=1 writes them anew)', () => {
  it('are all here', () => expect(files.length).toBeGreaterThanOrEqual(12))

  it.each(files)('%s', (file) => {
    const where = path.join(import.meta.dirname, file)
    const blocks = parseScenario(readFileSync(where, 'utf8'))
    const played = formatScenario(playScenario(blocks))
    if (isRecording) writeFileSync(where, played)
    else expect(played).toBe(formatScenario(blocks))
  })

  it('refuse what they do not understand', () => {
    const play = (text: string) => () => playScenario(parseScenario(text))
    expect(play('start all\n----')).toThrow('a scenario begins with "lan"')
    expect(play('lan nodes=a,b\nfly a\n----')).toThrow('not a command of a scenario: fly a')
    expect(play('lan size=3\n----')).toThrow('lan has no option size')
    expect(play('lan nodes=a\nstart b\n----')).toThrow('no node b')
    expect(play('lan nodes=a\nadvance soon\n----')).toThrow('not a duration: soon')
    expect(play('lan nodes=a')).toThrow('without "----"')
  })
})
