/**
 * A file or a folder at the controller that is known at the far end: its URL, its size (`null` for
 * a folder), the time of its last change in milliseconds, and its bytes if they were sent along;
 * `null` if all that is known is that it exists.
 */
export type SentFile = readonly [
  url: string,
  size: number | null,
  time: number,
  bytes?: Uint8Array | null,
];

/**
 * What a controller says of a file or a folder that is served: its size (`null` for a folder), the
 * time of its last change in milliseconds, and the names in it.
 */
export type ServedEntry = readonly [size: number | null, time: number, names: readonly string[]];
