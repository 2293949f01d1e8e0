/** `STATE/host-changes.json`: what the world changed on the host, for whoever has to undo it. */
import { readJson, replaceFile } from './atomic-file.ts'

export function keptIn(file: string): { load(): unknown; save(value: unknown): void } {
  return {
    load: () => readJson(file),
    save: (value) => replaceFile(file, `${JSON.stringify(value)}\n`, 'until-power-loss'),
  }
}
