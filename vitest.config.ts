import { defineConfig } from 'vitest/config'

/**
 * Three kinds of test. `unit`: no privileges, no processes, parallel. `lab`: real sockets, namespaces, processes,
 * PostgreSQL, browsers; one file at a time, because they measure time. `architecture`: the source text itself.
 */
const lab = [
  'test/{api,holdings,lab,world,interop,end-to-end,bench,database,fleet}/**/*.test.ts',
  'agent/src/{linux,node,router,steward,demo,cli}/**/*.lab.test.ts',
  'control-plane/src/**/*.lab.test.ts',
  // The guest runs this host's own programs on Debian's kernel for clouds, which is made for one kind of machine.
  ...(process.arch === 'x64' ? ['test/qemu/**/*.test.ts'] : []),
]
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: [
            '{shared,client,agent,control-plane,dashboard}/src/**/*.test.{ts,tsx}',
            'test/{simulation,scenarios,contract,captures,documents,planted-bugs,fuzz}/**/*.test.ts',
          ],
          exclude: ['**/*.lab.test.ts', '**/node_modules/**'],
          testTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'lab',
          include: lab,
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
      { test: { name: 'architecture', include: ['test/{architecture,lock-file}.test.ts'] } },
    ],
  },
})
