/** A connection of a socket. */
export interface Connection {
  /** The next bytes, which are the caller's to keep; `undefined` after the last ones. */
  read(): Promise<Uint8Array | undefined>;
  /** Resolves when the system has taken the bytes. */
  write(bytes: Uint8Array): Promise<void>;
  /** Tells the peer that no more bytes will come. */
  end(): Promise<void>;
  /**
   * Closes it, whatever its state. Reads and writes that wait end in any way. Bytes may be missing,
   * which a reset tells the peer, where there is one: a Unix socket has none, and Deno cannot cause
   * one. Harmless when it is closed.
   */
  breakOff(): void;
}
