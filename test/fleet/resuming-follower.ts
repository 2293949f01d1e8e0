/** A reader of `GET /api/v1/stream` that goes on at another replica when its own is gone, as a browser behind a balancer does. */
import { pause } from '../lab/wait.ts'

export class ResumingFollower {
  /** Ids of the events it was told of, in order. */
  readonly events: string[] = []
  /** What each `hello` said, the first of them aside: whether it could go on where it was. */
  readonly resumed: boolean[] = []
  readonly #ports: () => readonly number[]
  readonly #token: string
  readonly #abort = new AbortController()
  #lastEventId: string | null = null
  #running: Promise<void>

  /** `first`: which of the replicas it begins with. */
  constructor(ports: () => readonly number[], token: string, first: number) {
    this.#ports = ports
    this.#token = token
    this.#running = this.#run(first)
  }

  async stop(): Promise<void> {
    this.#abort.abort()
    await this.#running
  }

  async #run(first: number): Promise<void> {
    for (let turn = first; !this.#abort.signal.aborted; turn++) {
      const ports = this.#ports()
      await this.#read(ports[turn % ports.length] ?? 0).catch(() => {})
      await pause(50)
    }
  }

  async #read(port: number): Promise<void> {
    const response = await fetch(`http://127.0.0.1:${port}/api/v1/stream`, {
      headers: {
        authorization: `Bearer ${this.#token}`,
        accept: 'text/event-stream',
        ...(this.#lastEventId === null ? {} : { 'last-event-id': this.#lastEventId }),
      },
      signal: this.#abort.signal,
    })
    if (!response.ok || response.body === null) return
    let rest = ''
    for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
      const messages = (rest + chunk).split('\n\n')
      rest = messages.pop() ?? ''
      for (const message of messages) this.#hear(message)
    }
  }

  #hear(message: string): void {
    const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(message)?.[1]
    const id = field('id')
    if (id === undefined) return
    const data = JSON.parse(field('data') ?? 'null')
    if (field('event') === 'hello') {
      if (this.#lastEventId !== null) this.resumed.push(data.resumed)
    } else if (field('event') === 'event') this.events.push(data.id)
    this.#lastEventId = id
  }
}
