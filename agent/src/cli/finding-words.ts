import type { LanFinding } from '@aloft/shared/protocol/events'

/** What each finding on a LAN says of its source. */
export const FINDINGS: Readonly<Record<LanFinding, string>> = {
  'foreign-router': 'advertises a VRID that is none of ours',
  'address-list': 'advertises other addresses than we have',
  interval: 'advertises at another interval than ours',
  twin: 'has our priority and our own address: one of us must change',
  'two-owners': 'owns the addresses too, by its priority of 255',
  'lower-priority-active': 'is active as well, with a priority that loses against ours',
  unheard: 'stays active although we answered: it does not seem to hear us',
  'several-actives': 'is active beside another one',
  'duplicate-address': 'answers for an address that we hold',
}
