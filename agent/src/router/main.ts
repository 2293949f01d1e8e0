/** The router process's entry: flags, lock, the real world. Everything it imports is loaded before it can advertise. */
import { spawn } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { createClock } from '../linux/clock.ts'
import { netio } from '../linux/netio.ts'
import { parseRouterArguments } from './arguments.ts'
import { RouterLoop } from './loop/router-loop.ts'
import { acquireLock, type LockOutcome, takePassedLock } from './process-lock.ts'
import { compileRarelyOnceStarted } from './rare-compilation.ts'
import { becomeRealtime, leaveRealtime, type Realtime } from './realtime.ts'
import { RouterProcess } from './router-process.ts'
import { prepareStateDirectory, type StatePaths, statePaths } from './state-directory.ts'
import { takeOver } from './take-over.ts'
import { chooseWorld } from './which-world.ts'

/** A predecessor that was killed is gone as soon as the kernel has torn it down. */
const LOCK_WITHIN_MS = 1_000
const GOODBYE_WITHIN_MS = 1_000

async function main(): Promise<void> {
  compileRarelyOnceStarted()
  const { stateDir, stewardCommand, succeeds, record } = parseRouterArguments(
    process.argv.slice(2),
    process.env,
  )
  const paths = statePaths(stateDir)
  prepareStateDirectory(paths)
  // Of a living router the lock is had at the very end, when everything else is ready.
  let lock = succeeds === null ? await waitForLock(paths) : null
  if (lock?.held === false) {
    throw new Error(`state directory ${paths.directory} is in use by another router (pid ${lock.byPid})`)
  }
  const realtime = becomeRealtime(netio())
  if (realtime.status.policy === 'other') log(`warning: not real-time: ${realtime.status.detail}`)
  else process.once('exit', () => leaveRealtime(netio()))
  const router = new RouterProcess({
    paths,
    clock: createClock(),
    createWorld: await chooseWorld(process.env),
    createLoop: (world) => new RouterLoop(world),
    realtime: realtime.status,
    startSteward: stewardCommand && (() => startSteward(stewardCommand, realtime, () => router.stop())),
    recordTo: record,
    startSuccessor: () => startSuccessor(realtime),
    passLock(pid) {
      if (lock?.held) lock.passTo(pid)
      lock = null
    },
    log,
    stopped() {
      if (lock?.held) lock.release()
      // Not at once: goodbyes still on their way are sent. Nothing but a client that hangs keeps the process now.
      process.exitCode = 0
      setTimeout(() => process.exit(0), GOODBYE_WITHIN_MS).unref()
    },
  })
  // An exit without a release: the addresses stay for the successor, who resumes before a peer notices.
  process.on('uncaughtException', (error) => {
    router.crash(error)
    process.exit(70)
  })
  // A service manager tells both processes to stop, and so does the steward: only a second signal is impatience.
  let signals = 0
  for (const signal of ['SIGTERM', 'SIGINT'] as const)
    process.on(signal, () => router.stop({ now: ++signals > 1 }))
  process.on('SIGHUP', () => {})
  if (succeeds === null) {
    await router.start()
    return
  }
  const handed = await takeOver(paths.routerSocket)
  lock = takePassedLock({ lock: paths.routerLock, pid: paths.routerPid })
  await router.start(handed)
}

/** The same program, as it is installed now, with the same arguments. */
function startSuccessor({ startOrdinary }: Realtime): void {
  const args = withoutSucceeds(process.argv.slice(1))
  const command = [...process.execArgv, ...args, '--succeeds', String(process.pid)]
  const child = startOrdinary(() =>
    spawn(process.execPath, command, { detached: true, stdio: ['ignore', 'inherit', 'inherit'] }),
  )
  child.on('error', (error) => log(`cannot start a successor: ${error.message}`))
  child.unref()
}

function withoutSucceeds(args: readonly string[]): readonly string[] {
  const at = args.indexOf('--succeeds')
  return at < 0 ? args : [...args.slice(0, at), ...args.slice(at + 2)]
}

async function waitForLock(paths: StatePaths): Promise<LockOutcome> {
  for (let waitedMs = 0; ; waitedMs += 5) {
    const lock = acquireLock({ lock: paths.routerLock, pid: paths.routerPid })
    if (lock.held || waitedMs >= LOCK_WITHIN_MS) return lock
    await sleep(5)
  }
}

/**
 * A steward answers the signals that mean stop once it is loaded; one they could kill was still being loaded,
 * and what it was told goes for the whole agent.
 */
function startSteward(command: readonly string[], { startOrdinary }: Realtime, toldToStop: () => void): void {
  const [program = process.execPath, ...args] = command
  const child = startOrdinary(() =>
    spawn(program, args, { detached: true, stdio: ['ignore', 'inherit', 'inherit'] }),
  )
  child.on('error', (error) => log(`cannot start the steward: ${error.message}`))
  child.on('exit', (_, signal) => {
    if (signal === 'SIGTERM' || signal === 'SIGINT') toldToStop()
  })
  child.unref()
}

function log(text: string): void {
  process.stderr.write(`aloft router: ${text}\n`)
}

// A terminal or pipe that nobody reads any more must not end an election.
process.stderr.on('error', () => {})
main().catch((error: unknown) => {
  log(error instanceof Error ? error.message : String(error))
  process.exit(1)
})
