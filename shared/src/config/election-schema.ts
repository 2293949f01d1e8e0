import { z } from 'zod'
import { durationText, oneOf, onOff, wholeNumber } from './schema-parts.ts'

/** The keys of `election-config.ts` as they are written. `strict` changes two defaults, so those are left open here. */
export const electionKeys = {
  missedAdvertisements: wholeNumber('missedAdvertisements', 1, 100)
    .default(3)
    .describe('How many missed advertisements (and the skew) make a backup take over. 1 to 100.'),
  answerLowerPriority: onOff('answerLowerPriority')
    .optional()
    .describe(
      'Whether an active answers a lower-priority advertisement at once. Default: yes, but no with `strict`.',
    ),
  speakBeforeYielding: onOff('speakBeforeYielding')
    .optional()
    .describe(
      'Whether an active advertises once more before it yields, so that the better one knows that there were two. Default: yes, but no with `strict`.',
    ),
  ownerIgnoresAdvertisements: onOff('ownerIgnoresAdvertisements')
    .default(false)
    .describe('Whether the owner of the addresses (priority 255) discards what others advertise.'),
  compareAddressLists: onOff('compareAddressLists')
    .default(true)
    .describe(
      'Whether addresses in advertisements that are not ours are reported. They are never a reason to discard.',
    ),
  yieldAfterStall: wholeNumber('yieldAfterStall', 1, 254)
    .optional()
    .describe(
      'With `preempt: false`: the best priority of the others. An active that did not run for longer than they wait becomes backup.',
    ),
  strict: onOff('strict')
    .default(false)
    .describe('Refuses whatever the RFC does not have: authentication, unicast, delays, other timers.'),
}

const startupDelayError = ({ input }: { readonly input?: unknown }) =>
  oneOf('startupDelay', ['10s', '{ afterBoot: 60s }'], input)

export const startupKeys = {
  startupDelay: z
    .union(
      [
        durationText('startupDelay', '10s'),
        z.strictObject({
          afterBoot: durationText('afterBoot', '60s').describe('Counted from the start of the host.'),
        }),
      ],
      { error: startupDelayError },
    )
    .default('0s')
    .describe('How long the virtual routers stay silent after the agent was started, or after the host was.'),
}
