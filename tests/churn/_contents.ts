/** Bytes of the version and the length, with which a file begins. */
const HEAD = 8;

/** The largest file, in words. */
const LARGEST = 60_000;

/**
 * The bytes of a version of a file. They begin with the version, so a file shows by itself whether
 * it is one version as a whole: a part, or a mixture of two, is not.
 */
export function contentOf(version: number): Uint8Array<ArrayBuffer> {
  const words = new Uint32Array(2 + (Math.imul(version + 1, 2654435761) >>> 0) % LARGEST);
  words[0] = version;
  words[1] = words.length;
  for (let i = 2, x = Math.imul(version, 2654435761) | 1; i < words.length; i++) {
    x ^= x << 13;
    x ^= x >>> 17;
    words[i] = x ^= x << 5;
  }
  return new Uint8Array(words.buffer);
}

/** What is wrong with bytes that {@linkcode contentOf} has made, if anything is. */
export function damageOf(bytes: Uint8Array): string | undefined {
  if (bytes.length < HEAD) return `it has ${bytes.length} bytes`;
  const version = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  const expected = contentOf(version);
  if (bytes.length !== expected.length) {
    return `it has ${bytes.length} bytes, but version ${version} has ${expected.length}`;
  }
  const at = bytes.findIndex((byte, i) => byte !== expected[i]);
  return at === -1 ? undefined : `byte ${at} is not that of version ${version}`;
}
