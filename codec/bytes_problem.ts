/**
 * Why a view or a buffer has no encoding, as a sentence; `undefined` if it has one, as anything
 * else that is asked for may have.
 */
export function bytesProblem(value: object): string | undefined {
  const isView = ArrayBuffer.isView(value);
  if (!isView && !(value instanceof ArrayBuffer)) return undefined;
  const buffer = isView ? value.buffer : value;
  if (buffer.byteLength === 0 && throws(() => new Uint8Array(buffer))) {
    return "it has no bytes: its buffer was transferred";
  }
  return isView && throws(() => look(value))
    ? "it has no bytes: its buffer has become too short"
    : undefined;
}

/** Throws if a view shows what its buffer does not have. */
function look(view: ArrayBufferView): void {
  if (view.byteLength === 0 && !(view instanceof DataView)) {
    Uint8Array.prototype.keys.call(view as Uint8Array);
  }
}

function throws(action: () => void): boolean {
  try {
    action();
    return false;
  } catch {
    return true;
  }
}
