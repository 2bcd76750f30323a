/** Up to this many objects a loop is faster than `indexOf()`, which V8 calls. */
const FEW = 12;
/** Up to this many objects `indexOf()` is faster than a `Set`. */
const SOME = 128;

/** Numbers the objects of a value, from 0, in the order in which they come. */
export class Identities {
  // All are in the set once there is one, else in the array, which keeps its length, since V8 would
  // take longer to make it anew. A map has their numbers in the set; it is made when an object
  // recurs, and as far as needed.
  readonly #some: unknown[] = new Array(SOME).fill(undefined);
  #many: Set<unknown> | undefined;
  #count = 0;
  #numbers: Map<unknown, number> | undefined;
  #unnumbered: SetIterator<unknown> | undefined;

  /** Gives the number of an object that has one; to another it gives one, and returns -1. */
  add(value: unknown): number {
    const count = this.#count;
    if (count >= SOME) {
      const many = this.#many ??= new Set(this.#some);
      many.add(value);
      if (many.size === count) return this.numberOf(value);
    } else {
      const some = this.#some;
      if (count < FEW) {
        for (let number = 0; number < count; number++) if (some[number] === value) return number;
      } else {
        const number = some.indexOf(value);
        if (number >= 0) return number;
      }
      some[count] = value;
    }
    this.#count = count + 1;
    return -1;
  }

  /** Takes the number of the last object back. */
  removeLast(value: unknown): void {
    this.#count--;
    if (this.#many === undefined) this.#some[this.#count] = undefined;
    else this.#many.delete(value);
  }

  /** Lets go of the objects. */
  clear(): void {
    for (let i = Math.min(this.#count, SOME); i-- > 0;) this.#some[i] = undefined;
    this.#count = 0;
    this.#many = undefined;
    this.#numbers = undefined;
    this.#unnumbered = undefined;
  }

  private numberOf(value: unknown): number {
    const numbers = this.#numbers ??= new Map();
    const rest = this.#unnumbered ??= this.#many!.values();
    // The iterator goes on where it stopped, also over objects that have been added since, so all
    // references together take linear time. It does not come to an end: the value is in the set.
    while (!numbers.has(value)) numbers.set(rest.next().value, numbers.size);
    return numbers.get(value)!;
  }
}
