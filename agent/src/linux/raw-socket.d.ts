/** What we use of the npm package raw-socket 1.8.1, which brings no types. */
declare module 'raw-socket' {
  export interface RawSocket {
    setOption(level: number, option: number, value: Uint8Array, length: number): void
    on(event: 'error', listener: (error: Error) => void): this
    on(event: 'close', listener: () => void): this
    /** Polls its descriptor no more. */
    pauseRecv(): this
    close(): this
  }
  const rawSocket: {
    createSocket(options: { protocol: number; addressFamily: number; bufferSize: number }): RawSocket
    readonly AddressFamily: { readonly IPv4: number; readonly IPv6: number }
  }
  export default rawSocket
}
