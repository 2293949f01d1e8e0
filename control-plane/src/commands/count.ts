/** For the figures of the whole: what became of the commands that are kept. */
export { countCommands } from './store.ts'
