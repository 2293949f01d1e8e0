import { Command } from 'commander'
import { mountAgents } from './agents.ts'
import { mountApiToken } from './api-token.ts'
import { mountAudit } from './audit.ts'
import { mountAvailability } from './availability.ts'
import { mountControlPlane, mountDemo } from './centre-commands.ts'
import { mountCentreKey } from './centre-key.ts'
import { mountCheck } from './check.ts'
import { mountCompletion } from './completion.ts'
import { mountEvents } from './events.ts'
import { mountExport } from './export.ts'
import { mountFailovers } from './failovers.ts'
import { mountAgent, mountReplay, mountStatus, mountStepDown, mountUpgrade } from './node-commands.ts'
import { mountSchema } from './schema.ts'
import { mountSites } from './sites.ts'
import { mountToken } from './token.ts'
import { refuseUnknownCommands } from './unknown-command.ts'
import { mountUser } from './user.ts'
import { softwareVersion } from './version.ts'
import { mountVirtualRouters } from './virtual-routers.ts'

/**
 * Every command this version has, and none it has not. Files mounted here import what they need when they are run, so
 * that `aloft --help` and `aloft status` start in no time.
 */
export function createProgram(): Command {
  const program = new Command('aloft')
    .description('Virtual IPs that stay up on every LAN, and one place that sees all of them.')
    .version(softwareVersion())
    .exitOverride()
    .showHelpAfterError('Try the same with --help.')
    // Long options would else keep their descriptions from being wrapped at all on 80 columns.
    .configureHelp({ minWidthToWrap: 24 })
    .addHelpText('after', EXIT_CODES)
  program.commandsGroup('To see it all on one machine:')
  mountDemo(program)
  program.commandsGroup('On a node:')
  mountAgent(program)
  mountStatus(program)
  mountStepDown(program)
  mountUpgrade(program)
  mountCheck(program)
  mountSchema(program)
  mountReplay(program)
  program.commandsGroup('At the centre:')
  mountControlPlane(program)
  program.commandsGroup('The fleet, through the API of a control plane:')
  for (const mount of [
    mountSites,
    mountAgents,
    mountVirtualRouters,
    mountFailovers,
    mountAvailability,
    mountEvents,
    mountExport,
    mountToken,
    mountCentreKey,
    mountUser,
    mountApiToken,
    mountAudit,
  ]) {
    mount(program)
  }
  program.commandsGroup('In a shell:')
  mountCompletion(program)
  refuseUnknownCommands(program)
  return program
}

const EXIT_CODES = `
Exit codes: 0 done, 1 the answer is no (with the reason), 2 wrong usage.
Fleet commands read ALOFT_URL and ALOFT_TOKEN.`
