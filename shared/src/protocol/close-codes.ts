/** Why a session ended, as WebSocket close codes (RFC 6455 §7.4; 4000–4999 are ours). */
export const CloseCode = {
  normal: 1000,
  protocolError: 1002,
  tooBig: 1009,
  internalError: 1011,
  restart: 1012,
  tryLater: 1013,
  /** The agent's signature did not verify, or the agent is not (or no longer) enrolled: slow retry. */
  unauthorised: 4001,
  /** A newer session of the same agent took over: do not reconnect at once. */
  superseded: 4002,
  unsupportedVersion: 4003,
  /** The same identity was seen from two hosts, or its history was rewound. VRRP goes on; the centre refuses it. */
  quarantined: 4004,
  slowConsumer: 4005,
  drain: 4006,
  /** The agent enrolled and nobody has approved it yet. VRRP goes on; it asks again. */
  pending: 4007,
  /** The agent says: this is not the centre it was enrolled with. */
  wrongCentre: 4008,
} as const
export type CloseCode = (typeof CloseCode)[keyof typeof CloseCode]
