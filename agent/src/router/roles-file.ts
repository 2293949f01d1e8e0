/** `STATE/router-state.json`: which role each virtual router has, for the process that comes after this one. */
import type { VirtualRouterConfig } from '@aloft/shared/config/agent-config'
import type { EventBody } from '@aloft/shared/protocol/events'
import { readJson } from './atomic-file.ts'
import { OverwrittenFile } from './overwritten-file.ts'
import type { RoleEntry, RolesFile } from './resume-decision.ts'

/** The file a dead router left, or null. Written by `RoleKeeper` alone, so its shape beyond the outline is trusted. */
export function readRoles(file: string): RolesFile | null {
  const value = readJson(file)
  if (typeof value !== 'object' || value === null || !('routers' in value) || !Array.isArray(value.routers))
    return null
  return value as RolesFile
}

/**
 * Follows the transitions and rewrites the file once per turn of the event loop in which there were any: 250 routers
 * that fail over together cost one write, not 250.
 */
export class RoleKeeper {
  readonly #path: string
  readonly #file: OverwrittenFile
  readonly #identity: { readonly runId: string; readonly bootId: string }
  readonly #written: (isActive: boolean) => void
  readonly #roles = new Map<string, RoleEntry>()
  #configs: readonly VirtualRouterConfig[] = []
  #isScheduled = false

  /** `written`: after each turn with a change, with `isActive`. */
  constructor(
    file: string,
    identity: { readonly runId: string; readonly bootId: string },
    written: (isActive: boolean) => void,
  ) {
    this.#path = file
    this.#file = new OverwrittenFile(file)
    this.#identity = identity
    this.#written = written
  }

  configured(routers: readonly VirtualRouterConfig[]): void {
    this.#configs = routers
  }

  /** Routers that go on as they were in another process. */
  adopt(
    routers: readonly { readonly config: VirtualRouterConfig; readonly role: RoleEntry['role'] }[],
  ): void {
    for (const { config, role } of routers) {
      const { name, interface: interfaceName, vrid, family, addresses } = config
      if (role === 'initialize') continue
      const entry = { name, interface: interfaceName, vrid, family, role, addresses }
      this.#roles.set(`${interfaceName}/${family}/${vrid}`, entry)
    }
  }

  observed(body: EventBody): void {
    if (body.kind !== 'transition' && body.kind !== 'resumed') return
    const role = body.kind === 'transition' ? body.to : body.role
    const { virtualRouter: name, interface: interfaceName, vrid, family } = body
    const config = this.#configs.find(
      (each) => each.interface === interfaceName && each.vrid === vrid && each.family === family,
    )
    const key = `${interfaceName}/${family}/${vrid}`
    const addresses = config?.addresses ?? this.#roles.get(key)?.addresses ?? []
    if (role === 'initialize') this.#roles.delete(key)
    else this.#roles.set(key, { name, interface: interfaceName, vrid, family, role, addresses })
    this.#schedule()
  }

  /** Whether there is a role that a successor could resume. */
  get isActive(): boolean {
    for (const { role } of this.#roles.values()) {
      if (role === 'active') return true
    }
    return false
  }

  /** Writes now. A file that cannot be written costs a successor its resumption, never this process its life. */
  write(): void {
    this.#isScheduled = false
    try {
      const left: RolesFile = { ...this.#identity, routers: [...this.#roles.values()] }
      this.#file.write(left)
    } catch (error) {
      console.error(`aloft router: cannot write ${this.#path}: ${String(error)}`)
    }
  }

  close(): void {
    this.write()
    this.#file.close()
  }

  #schedule(): void {
    if (this.#isScheduled) return
    this.#isScheduled = true
    setImmediate(() => {
      // Written already, and perhaps for good: after a release of the lock the file is a successor's.
      if (!this.#isScheduled) return
      this.write()
      this.#written(this.isActive)
    })
  }
}
