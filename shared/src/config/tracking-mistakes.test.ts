import { describe, expect, it } from 'vitest'
import { findings, written } from './config-text.fixture.ts'
import { loadAgentConfig } from './load-agent-config.ts'

type Case = readonly [what: string, text: string, expected: readonly string[]]

const SCRIPT = '{ name: haproxy, command: [/usr/bin/pgrep, -x, haproxy] }'
/** A script that is tracked, with more keys; `track` is on line 7, the script on line 8. */
const script = (more: string, track = '{ script: haproxy }') =>
  written({
    more: `    track: [${track}]\ntrackers: { scripts: [{ name: haproxy, command: [/usr/bin/pgrep], ${more} }] }`,
  })
const process = (more: string) =>
  written({
    more: `    track: [{ process: bird }]\ntrackers: { processes: [{ name: bird, ${more} }] }`,
  })
const file = (more: string) =>
  written({ more: `    track: [{ file: drain }]\ntrackers: { files: [{ name: drain, ${more} }] }` })
const tracked = (track: string, more = '') =>
  written({ more: `${more}    track: ${track}\ntrackers: { scripts: [${SCRIPT}] }` })
const interfaces = (list: string, more = '') => written({ more: `${more}interfaces: ${list}` })

// biome-ignore format: one case a line
const cases: readonly Case[] = [
  // keepalived-and-vrrp.md §1.9: an undefined name is ignored there, and the check is lost without a word.
  ['a tracker that is not defined', tracked('[{ script: haproxi }, { script: haproxy }]'), ['7:23 error unknown-tracker there is no script haproxi | did you mean haproxy?']],
  ['a tracker like none', tracked('[{ script: nginx }, { script: haproxy }]'), ['7:23 error unknown-tracker there is no script nginx | define it under trackers.scripts']],
  ['a bfd session that is not defined', tracked('[{ bfd: core1 }, { script: haproxy }]'), ['7:20 error unknown-tracker there is no bfd session core1 | define it under bfd']],
  ['a tracker that is never used', tracked('[]'), ['8:31 warning unused-tracker script haproxy is tracked by no virtual router; it is not watched | remove it, or add `track: [{ script: haproxy }]`']],
  ['a tracker twice', tracked('[{ script: haproxy }, { script: haproxy, weight: 3 }]'), ['7:44 error duplicate-track script haproxy is tracked twice here | keep one of the two']],
  ['a line that names two', tracked('[{ script: haproxy, interface: eth1 }]'), ['7:13 error track-what each line of track names exactly one interface, script, file, process or bfd session | for example { script: haproxy, weight: -50 }']],
  ['a line that names nothing', tracked('[{ weight: 3 }, { script: haproxy }]'), ['7:13 error track-what each line of track names exactly one interface, script, file, process or bfd session | for example { script: haproxy, weight: -50 }']],
  ['a weight of 254 for a script', tracked('[{ script: haproxy, weight: 254 }]'), ['7:40 error out-of-range weight must be a whole number from -253 to 253, not 254']],
  ['a weight of -255', tracked('[{ script: haproxy, weight: -255 }]'), ['7:40 error out-of-range weight must be a whole number from -254 to 254, not -255']],
  ['a weight for the owner', tracked('[{ script: haproxy, weight: -5 }]', '    priority: 255\n'), ['8:13 warning owner-weight priority 255 owns the addresses and never changes; the weight of script haproxy is ignored | write weight: 0, or a priority of 254 or less']],
  ['a weight where nothing preempts', tracked('[{ script: haproxy, weight: -5 }]', '    preempt: false\n'), ['8:13 warning weight-without-preempt preempt is false: the weight of script haproxy lowers or raises the priority, but this router never takes over from one whose priority has fallen | write weight: 0, or preempt: true']],
  ['the router’s own interface', tracked('[{ interface: eth0 }, { script: haproxy }]'), ['7:13 warning tracks-own-interface eth0 is the router’s own interface, which it tracks anyway | remove the line']],
  ['the own interface instead of the primary one', tracked('[{ interface: eth0 }, { script: haproxy }]', '    trackPrimary: false\n'), []],
  ['an unknown key of a line', tracked('[{ script: haproxy, wieght: 3 }]'), ['7:32 error unknown-key unknown key wieght | did you mean weight?']],
  // Scripts.
  ['a command in one string', tracked('[]').replace('[/usr/bin/pgrep, -x, haproxy]', '/usr/bin/pgrep -x haproxy'), ['8:49 error wrong-type command must be a list of words, not "/usr/bin/pgrep -x haproxy" | for example [/usr/bin/pgrep, -x, haproxy]']],
  ['a program without its path', tracked('[]').replace('/usr/bin/pgrep', 'pgrep'), ['8:49 error relative-program command must begin with the absolute path of a program; it is run without a shell | for example [/usr/bin/pgrep, -x, haproxy]']],
  ['no program', tracked('[]').replace('/usr/bin/pgrep, -x, haproxy', ''), ['8:49 error no-command command is empty; it needs at least a program | for example [/usr/bin/pgrep, -x, haproxy]']],
  ['a number in a command', tracked('[{ script: haproxy }]').replace('-x', '5'), ['8:66 error wrong-type each word of it must be text, not 5 | for example "-x"']],
  ['a timeout longer than the interval', script('interval: 1s, timeout: 2s'), ['8:90 warning timeout-exceeds-interval timeout 2s is longer than the interval 1s; a run that lasts so long takes the place of the next ones | write timeout: 1s or less']],
  ['an interval too short', script('interval: 5ms'), ['8:77 error out-of-range interval must be from 10ms to 24h, not 5ms']],
  ['a timeout too long', script('interval: 1s, timeout: 25h'), ['8:90 error out-of-range timeout must be from 10ms to 24h, not 25h']],
  ['no runs in a row', script('fall: 0'), ['8:73 error out-of-range fall must be a whole number from 1 to 1000, not 0']],
  ['an unknown beginning', script('initially: fail'), ['8:78 error bad-value initially must be unknown or failed, not "fail" | did you mean failed?']],
  ['a group without a user', script('group: nogroup'), ['8:74 error group-without-user group needs a user | add a user']],
  ['the same name twice', tracked('[{ script: haproxy }]').replace(SCRIPT, `${SCRIPT}, ${SCRIPT}`), ['8:90 error duplicate-name the name haproxy is already used in scripts | give each its own name']],
  // Files.
  ['a relative path', file('path: run/drain'), ['8:42 error bad-value path must be an absolute path, not "run/drain" | for example /run/drain']],
  ['a file in proc', file('path: /proc/sys/x'), ['8:42 error unsuitable-file /proc gives no notice of a file that changes | for example a file under /run']],
  ['a weight of 255 for a file', file('path: /run/drain, weight: 255'), ['8:62 error out-of-range weight must be a whole number from -254 to 254, not 255']],
  ['a weight of 254 for a file', written({ more: '    track: [{ file: drain, weight: -254 }]\ntrackers: { files: [{ name: drain, path: /run/drain }] }' }), []],
  // Processes.
  ['a quorum above its maximum', process('command: bird, quorum: 3, quorumMax: 2'), ['8:76 error quorum-range quorumMax 2 is less than quorum 3; it could never be well']],
  ['a name the kernel cuts', process('command: a-very-long-daemon'), ['8:48 warning long-process-name the kernel keeps 15 bytes of a name; this is compared as a-very-long-dae | write fullCommand: true to compare the command line']],
  ['match without arguments', process('command: bird, match: initial'), ['8:61 warning match-without-arguments match has no effect without arguments | remove it']],
  ['a delay too long', process('command: bird, terminateDelay: 2h'), ['8:70 error out-of-range terminateDelay must be from 0s to 1h, not 2h']],
  // keepalived-and-vrrp.md §1.3: down delay must be < (down_timer_adverts − 1) × advert_int.
  ['a down delay as long as the backups wait', interfaces('[{ name: eth0, downDelay: 2s }]'), ['7:39 error down-delay-too-long downDelay 2s is as long as the backups of web wait for it; they take over within 2s | less than 2s']],
  ['a down delay just short of it', interfaces('[{ name: eth0, downDelay: 1999ms, upDelay: 255s }]'), []],
  ['a down delay that fast advertisements make too long', interfaces('[{ name: eth0, downDelay: 500ms }]', '    advertisementInterval: 100ms\n'), ['8:39 error down-delay-too-long downDelay 500ms is as long as the backups of web wait for it; they take over within 200ms | less than 200ms']],
  ['an up delay beyond 255 seconds', interfaces('[{ name: eth0, upDelay: 256s }]'), ['7:37 error out-of-range upDelay must be from 0s to 255s, not 256s']],
  ['an interface that nothing uses', interfaces('[{ name: eth7, upDelay: 1s }]'), ['7:22 warning unused-interface no virtual router runs on eth7 or tracks it | remove it']],
  ['an interface twice', interfaces('[{ name: eth0 }, { name: eth0 }]'), ['7:38 error duplicate-name interface eth0 is already set above | join the two']],
]

describe('a mistake in tracking', () => {
  it.each(cases)('%s', (_, text, expected) => expect(findings(text)).toEqual(expected))
})

describe('tracking, resolved', () => {
  const load = (text: string) => {
    const loaded = loadAgentConfig(text)
    if (!('config' in loaded)) throw new Error(JSON.stringify(loaded.diagnostics))
    return loaded.config
  }

  it('a line takes weight and reverse from its tracker, unless it has its own', () => {
    const own = load(script('weight: -20, reverse: true'))
    expect(own.virtualRouters[0]?.track).toEqual([
      { kind: 'script', name: 'haproxy', weight: -20, reverse: true },
    ])
    const other = load(script('weight: -20, reverse: true', '{ script: haproxy, weight: 5, reverse: false }'))
    expect(other.virtualRouters[0]?.track).toEqual([
      { kind: 'script', name: 'haproxy', weight: 5, reverse: false },
    ])
  })

  it('has keepalived’s defaults (§1.9)', () => {
    const config = load(
      written({
        more: `    track: [{ script: haproxy }, { file: drain }, { process: bird }, { interface: eth1 }]
trackers:
  scripts: [${SCRIPT}]
  files: [{ name: drain, path: /run/drain }]
  processes: [{ name: bird, command: bird, delay: 2s, forkDelay: 0s }]`,
      }),
    )
    expect(config.virtualRouters[0]?.track.map(({ weight }) => weight)).toEqual([0, 1, 0, 0])
    expect(config.trackers.scripts[0]).toEqual({
      name: 'haproxy',
      command: ['/usr/bin/pgrep', '-x', 'haproxy'],
      intervalMs: 1000,
      timeoutMs: 1000,
      rise: 1,
      fall: 1,
      initially: 'unknown',
      user: null,
      group: null,
      supplementaryGroups: false,
    })
    expect(config.trackers.processes[0]).toMatchObject({
      quorum: 1,
      quorumMax: null,
      match: 'exact',
      forkDelayMs: 0,
      terminateDelayMs: 2000,
    })
  })
})
