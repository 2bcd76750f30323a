const restrictions = [Object.preventExtensions, Object.seal, Object.freeze];

/** Whether an object is not extensible (1), sealed (2) or frozen (3); 0 if it may be changed. */
export function integrityOf(object: object): number {
  if (Object.isExtensible(object)) return 0;
  // V8 says that bytes are sealed, and refuses to seal them.
  if (ArrayBuffer.isView(object)) return 1;
  return Object.isFrozen(object) ? 3 : Object.isSealed(object) ? 2 : 1;
}

/** What objects have got. To find out takes as long as the object has properties. */
const given = new WeakMap<object, number>();

/** Makes an object have what {@linkcode integrityOf} gave of another. */
export function setIntegrity(object: object, integrity: number): void {
  if (given.get(object)! >= integrity) return;
  restrictions[integrity - 1]!(object);
  given.set(object, integrity);
}
