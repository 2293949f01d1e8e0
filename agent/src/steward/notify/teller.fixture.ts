/** A steward's telling, and nothing else, until it is killed: the journals and the spool of a state directory. */
import { readFileSync } from 'node:fs'
import { openReporting } from '../reporting.ts'

const [stateDir = '', configFile = ''] = process.argv.slice(2)
const config = JSON.parse(readFileSync(configFile, 'utf8'))
const reporting = await openReporting({
  stateDir,
  controlPlane: null,
  enrolmentToken: null,
  runId: 'steward',
  node: config.node,
  config,
  observe: (body) => process.stdout.write(`${JSON.stringify(body)}\n`),
  router: { isConnected: () => false, status: async () => null },
  log: (text) => process.stderr.write(`${text}\n`),
})
const poll = setInterval(() => reporting.journalGrew(), 5)
process.on('SIGTERM', () => {
  clearInterval(poll)
  void reporting.stop()
})
