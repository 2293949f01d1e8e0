/** One request to the local router over its control socket, and the answer to it. */
import type { RouterMessage, StewardMessage } from '../router/contract.ts'
import { statePaths } from '../router/state-directory.ts'
import { connectToRouter } from '../steward/router-link.ts'
import { defaultStateDir } from './default-state-dir.ts'

const ANSWER_WITHIN_MS = 5_000

/** `refused`: why there is no answer, for people. `pid`: the router that answered. */
export type LocalAnswer<T> = { readonly answer: T; readonly pid: number } | { readonly refused: string }

/** `pick` says what of a message is the answer; undefined: it is another message. */
export async function requestOfRouter<T>(
  stateDir: string | undefined,
  message: StewardMessage,
  pick: (message: RouterMessage) => T | undefined,
): Promise<LocalAnswer<T>> {
  const { directory, routerSocket } = statePaths(stateDir ?? defaultStateDir())
  const connection = await connectToRouter(routerSocket)
  if (connection === null)
    return { refused: `no agent is running in ${directory}; --state-dir names another place` }
  connection.send(message)
  const answer = await new Promise<LocalAnswer<T>>((resolve) => {
    const timer = setTimeout(() => resolve({ refused: 'the router does not answer' }), ANSWER_WITHIN_MS)
    let pid = 0
    connection.listen((received) => {
      if (received.kind === 'hello') pid = received.pid
      const picked = received.kind === 'refused' ? undefined : pick(received)
      if (picked === undefined && received.kind !== 'refused') return
      clearTimeout(timer)
      resolve(received.kind === 'refused' ? { refused: received.error } : { answer: picked as T, pid })
    })
    void connection.closed.then(() => resolve({ refused: 'the router closed the connection' }))
  })
  connection.close()
  return answer
}
