import type { ProcessTracker } from '@aloft/shared/config/tracking-config'
import { describe, expect, it } from 'vitest'
import { isMatch, isQuorum, watchQuorum } from './process-match.ts'

const bird: ProcessTracker = {
  ...{ name: 'bird', command: 'bird', arguments: null, match: 'exact', fullCommand: false },
  ...{ quorum: 1, quorumMax: null, forkDelayMs: 0, terminateDelayMs: 0 },
}
const running = (comm: string, ...words: string[]) => ({ comm, words })
const withArguments = (match: ProcessTracker['match'], ...words: string[]) =>
  isMatch({ ...bird, match, arguments: ['-c', '/etc/bird'] }, running('bird', 'bird', ...words))

describe('keepalived-and-vrrp.md §1.9: track_process', () => {
  it('goes by the name the kernel keeps, whatever the arguments', () => {
    expect(isMatch(bird, running('bird', '/usr/sbin/bird', '-d'))).toBe(true)
    expect(isMatch(bird, running('bird6', 'bird'))).toBe(false)
  })

  it('compares the 15 bytes of a longer name', () => {
    expect(isMatch({ ...bird, command: 'a-very-long-daemon' }, running('a-very-long-dae'))).toBe(true)
  })

  it('full_command goes by the command line', () => {
    const full = { ...bird, fullCommand: true, command: '/usr/sbin/bird' }
    expect(isMatch(full, running('bird', '/usr/sbin/bird'))).toBe(true)
    expect(isMatch(full, running('bird', 'bird'))).toBe(false)
  })

  it('param_match: exact, initial, partial', () => {
    expect(withArguments('exact', '-c', '/etc/bird')).toBe(true)
    expect(withArguments('exact', '-c', '/etc/bird', '-d')).toBe(false)
    expect(withArguments('exact', '-c')).toBe(false)
    expect(withArguments('initial', '-c', '/etc/bird', '-d')).toBe(true)
    expect(withArguments('initial', '-d', '-c', '/etc/bird')).toBe(false)
    expect(withArguments('partial', '-c', '/etc/bird.conf')).toBe(true)
    expect(withArguments('partial', '-c', '/usr')).toBe(false)
    expect(withArguments('partial', '-cx', '/etc/bird')).toBe(false)
    expect(withArguments('partial', '-c')).toBe(false)
  })

  it('quorum and quorum_max: enough, and not too many', () => {
    const counts = [0, 1, 2, 3, 4]
    expect(counts.map((count) => isQuorum({ ...bird, quorum: 2 }, count))).toEqual([
      false,
      false,
      true,
      true,
      true,
    ])
    expect(counts.map((count) => isQuorum({ ...bird, quorum: 1, quorumMax: 2 }, count))).toEqual([
      false,
      true,
      true,
      false,
      false,
    ])
  })
})

describe('keepalived-and-vrrp.md §1.9: delay, fork_delay, terminate_delay', () => {
  const slow = { ...bird, forkDelayMs: 1000, terminateDelayMs: 300 }

  it('the first look counts at once', () => {
    const first = { up: null, settlesAt: null }
    expect(watchQuorum(slow, first, { seen: false, now: 5 })).toEqual({ up: false, settlesAt: null })
  })

  it('a loss counts once it has lasted, and one made good meanwhile never does', () => {
    let watched = watchQuorum(slow, { up: true, settlesAt: null }, { seen: false, now: 1000 })
    expect(watched).toEqual({ up: true, settlesAt: 1300 })
    watched = watchQuorum(slow, watched, { seen: false, now: 1299 })
    expect(watched.up).toBe(true)
    expect(watchQuorum(slow, watched, { seen: false, now: 1300 })).toEqual({ up: false, settlesAt: null })
    expect(watchQuorum(slow, watched, { seen: true, now: 1299 })).toEqual({ up: true, settlesAt: null })
  })

  it('a recovery has a delay of its own', () => {
    const watched = watchQuorum(slow, { up: false, settlesAt: null }, { seen: true, now: 0 })
    expect(watched).toEqual({ up: false, settlesAt: 1000 })
    expect(watchQuorum(slow, watched, { seen: true, now: 1000 }).up).toBe(true)
  })
})
