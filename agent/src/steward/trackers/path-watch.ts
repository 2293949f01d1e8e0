/**
 * Tells when a file may have changed, whatever happens to it or to the folders it lies in: an editor's rename, a link
 * that points elsewhere, a folder that comes only later. inotify(7) watches folders, not names, so that what is watched
 * is the nearest folder there is, and again the folder a link leads to.
 */
import { type FSWatcher, realpathSync, statSync, watch } from 'node:fs'
import path from 'node:path'

/** Several writes of one change are one; and a file that is being written is read when that is over. */
const SETTLE_MS = 20
/** What inotify cannot see (a mount over the folder, a layer below) is seen after this long all the same. */
const LOOK_EVERY_MS = 5_000

export class PathWatch {
  readonly #file: string
  readonly #changed: () => void
  readonly #looks: NodeJS.Timeout
  #watchers: FSWatcher[] = []
  #settling: NodeJS.Timeout | null = null

  constructor(file: string, changed: () => void) {
    this.#file = file
    this.#changed = changed
    this.#arm()
    this.#looks = setInterval(() => this.#look(), LOOK_EVERY_MS)
  }

  stop(): void {
    clearInterval(this.#looks)
    if (this.#settling) clearTimeout(this.#settling)
    this.#disarm()
  }

  #look(): void {
    this.#settling = null
    // The folders may be others by now, though their names are the same.
    this.#disarm()
    this.#arm()
    this.#changed()
  }

  #disarm(): void {
    for (const watcher of this.#watchers) watcher.close()
    this.#watchers = []
  }

  #arm(): void {
    for (const [folder, name] of foldersOf(this.#file)) {
      try {
        const watcher = watch(folder, { persistent: false }, (_, about) => {
          // Others may write in the same folder all day long.
          if (about === null || name === null || about === name || about === path.basename(folder))
            this.#noticed()
        })
        watcher.on('error', () => {})
        this.#watchers.push(watcher)
      } catch {
        // It vanished meanwhile, or there are no watches left; the next look tries again.
      }
    }
  }

  #noticed(): void {
    this.#settling ??= setTimeout(() => this.#look(), SETTLE_MS)
  }
}

/**
 * The nearest folder of the path as it is written, and the one that its file really lies in; each with the name that
 * matters in it, null when any does.
 */
function foldersOf(file: string): Map<string, string | null> {
  const own = path.dirname(file)
  const nearest = nearestFolder(own)
  const folders = new Map([[nearest, nearest === own ? path.basename(file) : null]])
  try {
    const real = realpathSync(file)
    const place = path.dirname(real)
    const isSame = folders.get(place) === path.basename(real)
    folders.set(place, isSame || !folders.has(place) ? path.basename(real) : null)
  } catch {
    // There is no such file.
  }
  return folders
}

function nearestFolder(folder: string): string {
  for (let place = folder; ; place = path.dirname(place)) {
    try {
      if (statSync(place).isDirectory()) return place
    } catch {
      // Not there; the one above is watched for it to come.
    }
    if (place === path.dirname(place)) return place
  }
}
