/** The few fields of a BFD packet that tell from outside whose it is (RFC 5880 §4.1). */
export function discriminatorsOf(payload: Uint8Array): { mine: number; yours: number } {
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength)
  return { mine: view.getUint32(4), yours: view.getUint32(8) }
}

export const UP = 3

/** The session state the sender is in: 0 AdminDown, 1 Down, 2 Init, 3 Up. */
export function stateOf(payload: Uint8Array): number {
  return (payload[1] ?? 0) >> 6
}
