import { familyOf } from '../network/address.ts'
import type { Finding, Path } from './diagnostic.ts'
import { error, warning } from './finding.ts'
import { resolveAddress } from './holdings-resolve.ts'
import { nearest } from './nearest.ts'
import type { Candidate } from './rules.ts'
import { type SyncGroupDocument, syncGroupKeys } from './sync-group-schema.ts'
import { resolveTrack, trackerDefaults } from './tracking-resolve.ts'
import { trackingKeys } from './tracking-schema.ts'

const OWNER = 255

/** What a document says of sync groups, as far as it is sound. */
interface Written {
  readonly groups: readonly SyncGroupDocument[]
  readonly routers: readonly Candidate[]
  /** Every router's name, sound or not. */
  readonly names: readonly string[]
  /** The weight of each line of `track` of a router. */
  readonly weightsOf: (router: Candidate) => readonly number[]
}

/** keepalived drops or only logs what is wrong here (keepalived-and-vrrp.md §1.8); each is a finding of its own. */
export function syncGroupRules(value: object, routers: readonly Candidate[]): readonly Finding[] {
  const groups = syncGroupKeys.syncGroups.safeParse('syncGroups' in value ? value.syncGroups : undefined)
  if (!groups.success) return []
  const trackers = trackingKeys.trackers.safeParse('trackers' in value ? value.trackers : undefined)
  const defaults = trackers.success ? trackerDefaults(trackers.data) : new Map()
  const written: Written = {
    groups: groups.data,
    routers,
    names: namesIn(value),
    weightsOf: ({ document }) => resolveTrack(document.track, defaults).map(({ weight }) => weight),
  }
  return [
    ...repeatedNames(written),
    ...memberFindings(written),
    ...groups.data.flatMap((group, index) => groupFindings(written, group, ['syncGroups', index])),
  ]
}

/** The lists of trackers that groups have, for whoever checks what they name. */
export function groupTracks(value: unknown) {
  if (typeof value !== 'object' || value === null || !('syncGroups' in value)) return []
  const groups = syncGroupKeys.syncGroups.safeParse(value.syncGroups)
  if (!groups.success) return []
  return groups.data.map(({ track }, index) => ({ path: ['syncGroups', index, 'track'], lines: track }))
}

function namesIn(value: object): readonly string[] {
  if (!('virtualRouters' in value) || !Array.isArray(value.virtualRouters)) return []
  return value.virtualRouters.flatMap((router: unknown) =>
    typeof router === 'object' && router !== null && 'name' in router && typeof router.name === 'string'
      ? [router.name]
      : [],
  )
}

function repeatedNames({ groups }: Written): readonly Finding[] {
  return groups.flatMap(({ name }, index) => {
    if (groups.findIndex((other) => other.name === name) === index) return []
    const message = `the name ${name} is already used by another sync group`
    return [
      error({
        code: 'duplicate-name',
        message,
        hint: 'give each its own name',
        path: ['syncGroups', index, 'name'],
      }),
    ]
  })
}

function memberFindings({ groups, names }: Written): readonly Finding[] {
  const holders = new Map<string, string>()
  return groups.flatMap((group, index) =>
    group.members.flatMap((member, place) => {
      const path = ['syncGroups', index, 'members', place]
      const holder = holders.get(member)
      holders.set(member, holder ?? group.name)
      if (holder !== undefined) return [repeatedMember(member, { holder, group: group.name, path })]
      return names.includes(member) ? [] : [unknownMember(member, names, path)]
    }),
  )
}

function repeatedMember(
  member: string,
  { holder, group, path }: { readonly holder: string; readonly group: string; readonly path: Path },
): Finding {
  const isHere = holder === group
  return error({
    code: 'two-sync-groups',
    message: isHere ? `${member} is a member twice` : `${member} is already a member of sync group ${holder}`,
    hint: isHere ? 'remove it' : 'a virtual router belongs to one sync group',
    path,
  })
}

function unknownMember(member: string, names: readonly string[], path: Path): Finding {
  const meant = nearest(member, names)
  return error({
    code: 'unknown-member',
    message: `there is no virtual router ${member}`,
    hint: meant === null ? 'name one of virtualRouters' : `did you mean ${meant}?`,
    path,
  })
}

function groupFindings(written: Written, group: SyncGroupDocument, path: Path): readonly Finding[] {
  const place = [...path, 'members']
  const members = written.routers.filter(({ document }) => group.members.includes(document.name))
  if (group.members.length === 0) {
    const message = `sync group ${group.name} has no members`
    return [
      error({
        code: 'empty-sync-group',
        message,
        hint: 'name two virtual routers, or remove it',
        path: place,
      }),
    ]
  }
  return [
    ...loneMember(members, group, place),
    ...mixedOwners(members, place),
    ...ignoredWeights(written, group, path),
  ]
}

function loneMember(
  members: readonly Candidate[],
  { name, members: names }: SyncGroupDocument,
  path: Path,
): readonly Finding[] {
  const isPair = members.some(({ document }) => {
    const kinds = new Set(document.addresses.map((each) => familyOf(resolveAddress(each).address)))
    return kinds.size > 1
  })
  if (names.length > 1 || isPair) return []
  const message = `sync group ${name} has one member, which it changes nothing for`
  return [warning({ code: 'lone-member', message, hint: 'name the others, or remove the group', path })]
}

function mixedOwners(members: readonly Candidate[], path: Path): readonly Finding[] {
  const owners = members.filter(({ document }) => document.priority === OWNER)
  if (owners.length === 0 || owners.length === members.length) return []
  const names = owners.map(({ document }) => document.name).join(', ')
  const message = `${names} owns its addresses and other members do not; the owner is never active before they are`
  return [warning({ code: 'mixed-owners', message, hint: 'give all members priority 255, or none', path })]
}

function ignoredWeights(
  { routers, weightsOf }: Written,
  { name, members, trackWeights }: SyncGroupDocument,
  path: Path,
): readonly Finding[] {
  if (trackWeights) return []
  const weighted = routers.filter(
    (router) => members.includes(router.document.name) && weightsOf(router).some((weight) => weight !== 0),
  )
  return weighted.map(({ document }) =>
    warning({
      code: 'ignored-weights',
      message: `${document.name} has weighted trackers, which sync group ${name} ignores`,
      hint: 'write trackWeights: true, or weight: 0',
      path: [...path, 'members', members.indexOf(document.name)],
    }),
  )
}
