/**
 * A queue. `Array.shift` would take time in proportion to the length of a long array. Most queues
 * have one item at a time, for which no array is made.
 */
export class Fifo<T> {
  #length = 0;
  #first: T | undefined;
  /** The items behind the first one, from `#next` on. */
  #rest: (T | undefined)[] | undefined;
  #next = 0;

  /** How many items there are. */
  get length(): number {
    return this.#length;
  }

  /** The first item, or `undefined` if the queue is empty. */
  get first(): T | undefined {
    return this.#first;
  }

  /** Adds an item at the end. */
  push(item: T): void {
    if (this.#length++ === 0) this.#first = item;
    else (this.#rest ??= []).push(item);
  }

  /** Removes the first item. */
  shift(): T | undefined {
    const item = this.#first;
    if (this.#length < 2) {
      this.clear();
      return item;
    }
    this.#length--;
    const rest = this.#rest!;
    this.#first = rest[this.#next];
    rest[this.#next++] = undefined;
    if (this.#next > 1000 && this.#next * 2 > rest.length) {
      this.#rest = rest.slice(this.#next);
      this.#next = 0;
    }
    return item;
  }

  /** Removes all items. */
  clear(): void {
    this.#length = 0;
    this.#first = undefined;
    this.#rest = undefined;
    this.#next = 0;
  }
}
