import { parseAddress } from '../network/address.ts'
import { parseDuration } from '../time/duration.ts'
import { type BfdSessionConfig, PAIRING_DEFAULTS, type PairingConfig } from './bfd-config.ts'
import type { BfdSessionDocument, PairingDocument } from './bfd-schema.ts'

export function resolveBfdSession(document: BfdSessionDocument): BfdSessionConfig {
  const { name, multiplier, passive, multihop, ttl } = document
  return {
    name,
    neighbor: addressOf(document.neighbor),
    source: document.source === undefined ? null : addressOf(document.source),
    interface: document.interface ?? null,
    minTxMs: milliseconds(document.minTx),
    minRxMs: milliseconds(document.minRx),
    idleTxMs: milliseconds(document.idleTx),
    multiplier,
    passive,
    multihop,
    ttl,
    maxHops: document.maxHops ?? null,
  }
}

export function resolvePairing(document: PairingDocument): PairingConfig | null {
  if (document === false) return null
  if (document === true) return PAIRING_DEFAULTS
  return { intervalMs: milliseconds(document.interval), multiplier: document.multiplier }
}

function addressOf(written: string) {
  const address = parseAddress(written)
  if (address === null) throw new RangeError(`the schema let a bad address through: ${written}`)
  return address
}

function milliseconds(written: string): number {
  const ms = parseDuration(written)
  if (ms === null) throw new RangeError(`the schema let a bad duration through: ${written}`)
  return ms
}
