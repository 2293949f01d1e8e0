import { setFlagsFromString } from 'node:v8'

/**
 * How much bytecode a function runs, three times over, before V8 optimises it: eight times the usual. What hundreds of
 * virtual routers do thousands of times a second is optimised within seconds all the same. What is done twenty times a
 * second, as BFD is, gains less in an hour than the milliseconds for which a helper compiles it (decision 0018).
 */
const BUDGET_BYTES = 8 * 67_584
/** To load a thousand routers takes a second or two: what that runs is worth compiling. */
const STARTED_MS = 2_000

/** From a while after the start on. */
export function compileRarelyOnceStarted(): void {
  setTimeout(() => setFlagsFromString(`--interrupt-budget=${BUDGET_BYTES}`), STARTED_MS).unref()
}
