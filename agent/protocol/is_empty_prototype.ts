/** Whether a prototype is one that nothing is inherited from, as `querystring.parse()` gives. */
export function isEmptyPrototype(prototype: object | null): boolean {
  return prototype !== null && Object.getPrototypeOf(prototype) === null &&
    Reflect.ownKeys(prototype).length === 0;
}
