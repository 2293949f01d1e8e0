/**
 * Bugs that other routers had, or that ours could get, each as one exact replacement in the source. A suite that does
 * not notice one of them is not worth trusting. `original` must occur exactly once, so that the table cannot rot.
 */
export interface Bug {
  readonly name: string
  /** From the root of the repository. */
  readonly file: string
  readonly original: string
  readonly planted: string
}

const MACHINE = 'agent/src/vrrp/machine.ts'
const INTERVALS = 'agent/src/vrrp/intervals.ts'
const TRANSPORT = 'agent/src/vrrp/transport-acceptance.ts'
const PAIRING = 'agent/src/router/loop/pairing-keeper.ts'
const DEPARTURE = 'agent/src/vrrp/departure.ts'

export const BUGS: readonly Bug[] = [
  {
    name: 'a sync group moves by half: who leaves does not pull the others',
    file: 'agent/src/vrrp/sync-group.ts',
    original: "return order('become-backup', members, ({ role }) => role === 'active')",
    planted: "return order('become-backup', members, ({ role }) => role === 'initialize')",
  },
  {
    name: 'a sync group moves by half: one willing member is enough',
    file: 'agent/src/vrrp/sync-group.ts',
    original: 'if (members.every(canBeActive))',
    planted: 'if (members.some(canBeActive))',
  },
  {
    name: 'a sync group fails by half: the others stay active',
    file: 'agent/src/router/loop/sync-groups.ts',
    original: "isFaulty: [...faults.keys()].some((source) => source !== 'sync-group'),",
    planted: "isFaulty: [...faults.keys()].every((source) => source === 'sync-group') && faults.size > 9,",
  },
  {
    name: 'a lease is renewed while backup',
    file: 'agent/src/router/loop/holding-keeper.ts',
    original: 'this.#leases.released(holding.holder)',
    planted: 'this.#leases.acquired(holding, this.#effects.now())',
  },
  {
    name: 'a lease that ran out is renewed by whoever wakes up',
    file: 'agent/src/router/loop/lease-keeper.ts',
    original: 'if (this.#dueAt === null || now < this.#dueAt) return []',
    planted: 'if (now > 0) return []',
  },
  {
    name: 'a lost address is put back by a backup that lingers',
    file: 'agent/src/router/loop/holding-keeper.ts',
    original: "?.state.role === 'active'",
    planted: '!== undefined',
  },
  {
    name: 'a preempt delay is ignored',
    file: MACHINE,
    original: 'return state.preemptAt ?? now + config.preempt.delayMs',
    planted: 'return now',
  },
  {
    name: 'an active yields without a last word',
    file: MACHINE,
    original: 'const lastWord = parameters.config.speakBeforeYielding ? [advertise(parameters)] : []',
    planted: 'const lastWord = parameters.config.speakBeforeYielding ? [] : []',
  },
  {
    name: 'an active that stalled speaks before it listens',
    file: 'agent/src/router/loop/stall-guard.ts',
    original: 'else this.#listening.set(instance, null)',
    planted: 'else this.#listening.delete(instance)',
  },
  {
    name: 'a startup delay is ignored',
    file: 'agent/src/router/loop/running-routers.ts',
    original: 'if (gapMs === null && waitUntil !== null && waitUntil > now) {',
    planted: 'if (gapMs === null && waitUntil !== null && waitUntil < now) {',
  },
  {
    name: 'a reload restarts every router that changed',
    file: 'agent/src/router/loop/changes.ts',
    original: 'before.name === after.name &&',
    planted: 'isEqual(before, after) &&',
  },
  {
    name: 'a changed priority does not move a running timer',
    file: 'agent/src/vrrp/priority.ts',
    original: 'return { ...state, activeDownAt: Math.max(now, state.activeDownAt + longerMs) }',
    planted: 'return { ...state, activeDownAt: Math.max(0 * longerMs, state.activeDownAt) }',
  },
  {
    name: 'an active never yields to an equal priority',
    file: MACHINE,
    original: 'return source === null || compareAddresses(rival, source) > 0',
    planted: 'return source !== source || compareAddresses(rival, rival) > 0',
  },
  {
    name: 'an active yields to the lower address of an equal',
    file: MACHINE,
    original: 'return source === null || compareAddresses(rival, source) > 0',
    planted: 'return source === null || compareAddresses(rival, source) < 0',
  },
  {
    name: 'a backup preempts an equal priority',
    file: MACHINE,
    original: 'const isOutranked = priority < parameters.priority',
    planted: 'const isOutranked = priority <= parameters.priority',
  },
  {
    name: 'a backup waits one interval instead of three',
    file: INTERVALS,
    original: 'return parameters.config.missedAdvertisements * activeIntervalMs',
    planted: 'return activeIntervalMs',
  },
  {
    name: 'an active that hears a lower one restarts its timer and says nothing',
    file: MACHINE,
    original: 'if (!isOutrankedBy(parameters, event)) return reassert(parameters, state, now)',
    planted:
      'if (!isOutrankedBy(parameters, event)) return [{ ...state, advertiseAt: now + parameters.config.advertisementIntervalMs }, []]',
  },
  {
    name: 'a resignation makes a backup active at once, without Skew_Time',
    file: MACHINE,
    original: 'const activeDownAt = now + skewTime(parameters, state.activeIntervalMs)',
    planted: 'const activeDownAt = now + 0 * skewTime(parameters, state.activeIntervalMs)',
  },
  {
    name: 'an active that stops does not resign',
    file: MACHINE,
    original: "return [{ do: 'advertise', priority: RESIGN }, { do: 'release-addresses' }]",
    planted: "return [{ do: 'release-addresses' }]",
  },
  {
    name: 'an active that yields keeps its addresses',
    file: MACHINE,
    original: "return [backup, [...lastWord, { do: 'release-addresses' }, record(parameters, change, now)]]",
    planted: 'return [backup, [...lastWord, record(parameters, change, now)]]',
  },
  {
    name: 'an active that leaves lets go before its successor is there',
    file: DEPARTURE,
    original: '{ releaseAt: latestRelease(parameters, after.state, now), isSucceeded: false }',
    planted: '{ releaseAt: now + 0 * latestRelease(parameters, after.state, now), isSucceeded: false }',
  },
  {
    name: 'an active that leaves holds on after its successor was heard',
    file: DEPARTURE,
    original: 'const releaseAt = Math.min(leaving.releaseAt, now + lingerMs(parameters))',
    planted: 'const releaseAt = Math.max(leaving.releaseAt, now + lingerMs(parameters))',
  },
  {
    name: 'a router that stepped down preempts at once',
    file: DEPARTURE,
    original: 'const effective = standBack === null ? parameters : withoutPreemption(parameters)',
    planted: 'const effective = standBack !== null ? parameters : parameters',
  },
  {
    name: 'a stale state is adopted',
    file: 'agent/src/router/loop/handed-over.ts',
    original: 'ageMs >= 0 && ageMs < INTERVALS_MAX * config.advertisementIntervalMs',
    planted: 'ageMs >= 0',
  },
  {
    name: 'an active re-asserts itself without limit',
    file: MACHINE,
    original: 'const REASSERT_INTERVALS = 0.5',
    planted: 'const REASSERT_INTERVALS = 0',
  },
  {
    name: "a v3 backup does not go by its active's interval",
    file: INTERVALS,
    original: '? config.advertisementIntervalMs : advertisedMs',
    planted: '? advertisedMs : config.advertisementIntervalMs',
  },
  {
    name: 'a v2 backup scales its skew with the interval',
    file: INTERVALS,
    original: 'const scaleMs = config.version === 2 ? SECOND_MS : activeIntervalMs',
    planted: 'const scaleMs = config.version === 2 ? activeIntervalMs : activeIntervalMs',
  },
  {
    name: 'preempt off is ignored',
    file: MACHINE,
    original: 'if (!config.preempt.enabled) return null',
    planted: 'if (config.preempt.delayMs < 0) return null',
  },
  {
    name: 'every advertisement begins the preempt delay anew',
    file: MACHINE,
    original: 'return state.preemptAt ?? now + config.preempt.delayMs',
    planted: 'return now + config.preempt.delayMs',
  },
  {
    name: 'the owner of the addresses starts as a backup',
    file: MACHINE,
    original: 'if (isOwner && !parameters.isGrouped)',
    planted: 'if (isOwner && parameters.isGrouped)',
  },
  {
    name: 'a new active announces its addresses before it holds them',
    file: MACHINE,
    original:
      "return [advertise(parameters), { do: 'acquire-addresses' }, { do: 'announce', because: 'became-active' }]",
    planted:
      "return [advertise(parameters), { do: 'announce', because: 'became-active' }, { do: 'acquire-addresses' }]",
  },
  {
    name: 'a backup that slept takes over before it reads what is waiting',
    file: 'agent/src/router/loop/instance.ts',
    original: "return state.role === 'backup' && !isPatient",
    planted: "return state.role === 'active' && !isPatient",
  },
  {
    name: 'a packet that crossed a router is accepted',
    file: 'agent/src/router/loop/reception.ts',
    original: "if (!isTtlPossible(datagram)) return { refused: 'ip-ttl' }",
    planted: "if (datagram.ttl > 255) return { refused: 'ip-ttl' }",
  },
  {
    name: 'an interface without carrier stays active',
    file: 'agent/src/router/loop/instance.ts',
    original: "if (config.trackPrimary && !link?.up) return 'interface-down'",
    planted: "if (config.trackPrimary && !link) return 'interface-down'",
  },
  {
    name: 'what a dead process left on the host stays there',
    file: 'agent/src/router/resume-decision.ts',
    original: '.filter(({ addresses }) => addresses.length > 0)',
    planted: '.filter(({ addresses }) => addresses.length < 0)',
  },
  {
    name: 'a check that has not reported is taken for well',
    file: 'agent/src/tracking/standing.ts',
    original: "const state = verdict?.state ?? 'unknown'",
    planted: "const state = verdict?.state ?? 'up'",
  },
  {
    name: 'a reversed tracker is not reversed',
    file: 'agent/src/tracking/standing.ts',
    original: "const isWell = (state === 'up') !== reverse",
    planted: "const isWell = state === 'up'",
  },
  {
    name: 'trackers move the priority of the owner',
    file: 'agent/src/tracking/standing.ts',
    original: 'const isOwner = priority === OWNER',
    planted: 'const isOwner = priority > OWNER',
  },
  {
    name: 'one bad run of a script is a failure, whatever fall says',
    file: 'agent/src/tracking/tally.ts',
    original: 'return contrary >= needed',
    planted: 'return contrary >= Math.min(needed, 1)',
  },
  {
    name: 'a link that flaps counts its delay anew with each look',
    file: 'agent/src/tracking/link-delay.ts',
    original: 'settlesAt: before.settlesAt ?? now + delayMs',
    planted: 'settlesAt: now + delayMs',
  },
  {
    name: 'a priority that trackers moved is not told to the machine',
    file: 'agent/src/router/loop/trackers.ts',
    original: 'instance.parameters = { ...parameters, priority: to }',
    planted: 'instance.parameters = { ...parameters }',
  },
  {
    name: 'an IPv6 advertisement with a hop limit of 254 is accepted',
    file: TRANSPORT,
    original: 'return ttl === TTL_REQUIRED || !isMulticast(destination)',
    planted: "return ttl === TTL_REQUIRED || !isMulticast(destination) || destination.includes(':')",
  },
  {
    name: 'an advertisement of somebody who is no peer is accepted',
    file: TRANSPORT,
    original: "if (peer === null) return router.unicast.checkSource ? 'source' : null",
    planted: 'if (peer === null) return null',
  },
  {
    name: 'what is sent to the host is taken for what was sent to the group',
    file: TRANSPORT,
    original: '?? listening[0] ?? null',
    planted: '?? listening[0] ?? routers[0] ?? null',
  },
  {
    name: 'a host does not recognise itself among its peers',
    file: 'agent/src/router/loop/instance.ts',
    original: '.filter((address) => address !== source && !(link !== null && isOwnAddress(link, address)))',
    planted: '.filter((address) => address !== null)',
  },
  {
    name: 'IPv6 multicast leaves from a routable address',
    file: 'agent/src/router/loop/instance.ts',
    original:
      "if (family === 'ipv4' || !unicast?.peers.some(({ address }) => !isLinkLocal(address))) return null",
    planted: "if (family === 'ipv4') return null",
  },
  {
    name: 'an address that a lease has taken along is announced',
    file: 'agent/src/router/loop/holding-keeper.ts',
    original: 'this.#gone.size === 0 ? addresses',
    planted: 'this.#gone.size >= 0 ? addresses',
  },
  {
    name: 'an active that still listens is announced with its sync group',
    file: 'agent/src/router/loop/running-routers.ts',
    original: "if (other.state.role === 'active' && !this.#stalls.listens(other))",
    planted: "if (other.state.role === 'active')",
  },
  {
    name: 'a last word that comes soon after another is not answered',
    file: 'agent/src/vrrp/announcement-schedule.ts',
    original: 'if (schedule.bursts.length > 0 || rounds === 0 || delayMs === 0) return schedule',
    planted: 'if (schedule.bursts.length >= 0 || rounds === 0 || delayMs === 0) return schedule',
  },
  {
    name: 'a paired active that says goodbye is taken for lost',
    file: PAIRING,
    original:
      "if (change.diagnostic !== 'detection-time-expired' || now >= neighbour.wantedUntil) return false",
    planted: 'if (now >= neighbour.wantedUntil) return false',
  },
  {
    name: 'who never said that it was up is mourned',
    file: PAIRING,
    original: "if (change.remote?.state !== 'up') return false",
    planted: "if (change.remote?.state === 'admin-down') return false",
  },
  {
    name: 'BFD is answered off the link',
    file: PAIRING,
    original: 'if (!isOnLink(source, standing.prefixes) || standing.own.includes(source)) return null',
    planted: 'if (standing.own.includes(source)) return null',
  },
  {
    name: 'BFD is answered where the router is a backup',
    file: 'agent/src/router/loop/bfd-routers.ts',
    original: "if (state.role === 'active') sources.add(parameters.source)",
    planted: 'sources.add(parameters.source)',
  },
  {
    name: 'as many strangers are answered as ask',
    file: 'agent/src/bfd/pairing.ts',
    original: 'const BURST = 10',
    planted: 'const BURST = 1000',
  },
  {
    name: 'a backup that has asked for a minute is not answered any more',
    file: 'agent/src/bfd/pairing.ts',
    original: 'return desiredMinTxUs / 1_000 > ASKED_RARELY_MS',
    planted: 'return (3 * desiredMinTxUs) / 1_000 > ASKED_RARELY_MS',
  },
  {
    name: 'a false alarm is not distrusted',
    file: PAIRING,
    original: 'if (now < neighbour.distrust.untilMs) return false',
    planted: 'if (now < 0) return false',
  },
  {
    name: 'a false alarm is not told',
    file: PAIRING,
    original: 'if (known?.loss) this.#doubt(known, now, heard.intervalMs)',
    planted: 'if (known?.loss) this.#doubt(known, now, 0)',
  },
  {
    name: 'a false alarm calls nothing off',
    file: 'agent/src/router/loop/bfd-part.ts',
    original: 'this.#hooks.found(falseAlarm, now)',
    planted: '',
  },
  {
    name: 'every backup takes over in the moment of the loss',
    file: 'agent/src/bfd/pairing.ts',
    original: 'return ((256 - priority) / 256) * (intervalMs / 2)',
    planted: 'return 0 * priority * intervalMs',
  },
  {
    name: 'an advertisement heard since the last BFD packet puts nothing off',
    file: 'agent/src/vrrp/active-lost.ts',
    original: 'const downAt = Math.max(now, lastHeard.at + lost.silentMs) + lost.skewMs',
    planted: 'const downAt = now + lost.skewMs',
  },
  {
    name: 'a session that was late itself is judged with its packets unread',
    file: 'agent/src/router/loop/bfd-sessions.ts',
    original: 'if (detectAt === null || each.isPatient || now - detectAt <= PATIENCE_MS) return false',
    planted: 'if (detectAt !== 0) return false',
  },
  {
    name: 'a member of a sync group waits four intervals',
    file: INTERVALS,
    original: 'return parameters.config.missedAdvertisements * activeIntervalMs',
    planted: 'return (parameters.isGrouped ? 4 : parameters.config.missedAdvertisements) * activeIntervalMs',
  },
  {
    name: 'an active yields only when its own next advertisement is near',
    file: MACHINE,
    original: 'if (!isOutrankedBy(parameters, event)) return reassert(parameters, state, now)',
    planted:
      'if (!isOutrankedBy(parameters, event) || now < state.advertiseAt - parameters.config.advertisementIntervalMs / 8) return reassert(parameters, state, now)',
  },
  {
    name: 'who yields lingers longer than it may',
    file: DEPARTURE,
    original: 'return config.virtualMac === null ? LINGER_MS :',
    planted: 'return config.virtualMac === null ? LINGER_MS + 0.2 :',
  },
  {
    name: 'who resigns waits for longer than anybody could take',
    file: DEPARTURE,
    original: 'return now + Math.min(skewMaxMs + MARGIN_MS, WAIT_MAX_MS)',
    planted: 'return now + Math.min(skewMaxMs + 1.1 * MARGIN_MS, 1.1 * WAIT_MAX_MS)',
  },
]

/** The source with the bug in it. Throws when the text to replace is not there exactly once. */
export function plant(source: string, { name, file, original, planted }: Bug): string {
  const count = source.split(original).length - 1
  if (count !== 1)
    throw new Error(`"${name}" cannot be planted: found ${count} times in ${file}:\n  ${original}`)
  return source.replace(original, () => planted)
}
