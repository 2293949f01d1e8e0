/** Imported as a whole and when it is used: named exports of this CommonJS package do not outlive a bundled `import()`. */
export { connect } from '@nats-io/transport-node'
