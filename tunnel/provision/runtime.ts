/** A Deno that can be brought. */
export interface Runtime {
  /** The size of the binary, in bytes. */
  readonly size: number;
  /** The binary's SHA-256, as hexadecimal digits. */
  readonly sha256: string;
  /** The size of the compressed binary; `undefined` if there is none. */
  readonly packedSize: number | undefined;
  /** Reads a part of the binary, or of the compressed one. */
  read(isPacked: boolean, at: number, length: number): Promise<Uint8Array>;
}

/** The Deno that is wanted. */
export interface WantedRuntime {
  readonly platform: string;
  readonly version: string;
  /** The path or URL of a file to take instead. */
  readonly from?: string | undefined;
}
