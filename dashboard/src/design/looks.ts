import type { Agent, VirtualRouter } from '@aloft/shared/api/schemas'

/** Of a state: its shape and word, so that colour is never the only sign, what it means and what is to be done. */
export interface Look {
  readonly sign: string
  readonly word: string
  readonly meaning: string
  readonly remedy: string
}

const NOTHING = 'Nothing to do.'

export const AGENT_LOOKS: Readonly<Record<Agent['state'], Look>> = {
  connected: { sign: '●', word: 'connected', meaning: 'it speaks for itself', remedy: NOTHING },
  enrolled: {
    sign: '○',
    word: 'enrolled',
    meaning: 'it was let in and has never connected',
    remedy: 'Start it, and look at “aloft status” on the node.',
  },
  pending: {
    sign: '◔',
    word: 'pending',
    meaning: 'it asked to be let in and waits for a person',
    remedy: 'Approve it with “aloft agents approve”, if you know the node.',
  },
  silent: {
    sign: '◐',
    word: 'silent',
    meaning: 'no connection to the centre, but a peer still hears its adverts: it serves',
    remedy: 'Look at the way from the node to the centre.',
  },
  down: {
    sign: '✕',
    word: 'down',
    meaning: 'no connection, and a peer took over because its adverts ceased',
    remedy: 'Look at the node itself.',
  },
  unknown: {
    sign: '?',
    word: 'unknown',
    meaning: 'no connection, and nobody can tell whether it lives; so too after the centre was away itself',
    remedy: 'Wait a minute if the centre was away; otherwise look at the node.',
  },
  quarantined: {
    sign: '⊘',
    word: 'quarantined',
    meaning: 'shut out: its history was rewound, or two hosts share its identity. Its VRRP goes on',
    remedy: 'Find the clone, then “aloft agents release”, or enrol it anew.',
  },
  revoked: {
    sign: '⊗',
    word: 'revoked',
    meaning: 'a person took its identity away. Its VRRP goes on',
    remedy: 'Stop it on the node, or enrol it with a new token.',
  },
}

export const ROUTER_LOOKS: Readonly<Record<VirtualRouter['state'], Look>> = {
  served: {
    sign: '✓',
    word: 'Served',
    meaning: 'exactly one node is active, by its own word or because a backup hears it',
    remedy: NOTHING,
  },
  'split-brain': {
    sign: '‼',
    word: 'Split brain',
    meaning: 'more than one node says that it is active',
    remedy: 'Look at the network between these nodes: they do not hear each other.',
  },
  'no-active': {
    sign: '✕',
    word: 'No active',
    meaning: 'every node is known and none is active',
    remedy: 'Look for faults and failed checks with “aloft status” on the nodes.',
  },
  unknown: {
    sign: '?',
    word: 'Unknown',
    meaning: 'a node that cannot be seen may be active',
    remedy: 'Bring the unseen nodes back to the centre.',
  },
}

export function hintOf({ meaning, remedy }: Look): string {
  return `${meaning}. ${remedy}`
}
