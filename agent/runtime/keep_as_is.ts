/**
 * Takes note of what is in some values and in their parts, but for functions.
 *
 * @param isLeft Whether an object is left out, since it is no copy of one of the controller.
 * @returns Undoes all that has been changed in them since.
 */
export function keepAsIs(values: unknown[], isLeft: (object: object) => boolean): () => void {
  const undos = new Map<object, () => void>();
  const pending = [...values];
  while (pending.length > 0) {
    const value = pending.pop();
    if (typeof value !== "object" || value === null || undos.has(value) || isLeft(value)) continue;
    const resetContent = contentOf(value, pending);
    const properties = ArrayBuffer.isView(value) ? {} : Object.getOwnPropertyDescriptors(value);
    for (const key of Reflect.ownKeys(properties)) pending.push(Reflect.get(properties, key).value);
    undos.set(value, () => {
      resetContent?.();
      redefine(value, properties);
    });
  }
  return () => undos.forEach((undo) => undo());
}

/**
 * Gives a function that resets the entries, the bytes, the time or the text of an object to what
 * they are now. It is `undefined` for an object that has nothing but properties.
 */
function contentOf(value: object, pending: unknown[]): (() => void) | undefined {
  if (value instanceof Map) {
    const entries = [...value];
    pending.push(...value.keys(), ...value.values());
    return () => {
      value.clear();
      for (const [key, one] of entries) value.set(key, one);
    };
  }
  if (value instanceof Set) {
    const members = [...value];
    pending.push(...members);
    return () => {
      value.clear();
      for (const one of members) value.add(one);
    };
  }
  if (ArrayBuffer.isView(value)) {
    const bytes = new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
    const before = bytes.slice();
    return () => bytes.set(before);
  }
  if (value instanceof Date) {
    const time = value.getTime();
    return () => value.setTime(time);
  }
  if (value instanceof URL) {
    const { href } = value;
    return () => value.href = href;
  }
  if (value instanceof Headers || value instanceof URLSearchParams) {
    const entries = [...value];
    return () => {
      for (const key of [...value.keys()]) value.delete(key);
      for (const [key, one] of entries) value.append(key, one);
    };
  }
}

function redefine(object: object, properties: PropertyDescriptorMap): void {
  if (ArrayBuffer.isView(object)) return;
  for (const key of Reflect.ownKeys(object)) {
    if (!Object.hasOwn(properties, key)) Reflect.deleteProperty(object, key);
  }
  for (const key of Reflect.ownKeys(properties)) {
    Reflect.defineProperty(object, key, Reflect.get(properties, key));
  }
}
