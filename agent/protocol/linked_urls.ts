/**
 * The URLs in a value, and the `searchParams` beside them. A copy of a URL has other ones, which do
 * not change with those that go along.
 */
export class LinkedUrls {
  readonly #urls: URL[] = [];
  readonly #searchParams = new Set<unknown>();

  /** Takes note of an object. Gives the reason to refuse it, if the one of both has come before. */
  look(object: object): string | undefined {
    if (object instanceof URL) this.#urls.push(object);
    else if (object instanceof URLSearchParams) this.#searchParams.add(object);
    else return undefined;
    if (this.#searchParams.size === 0) return undefined;
    if (!this.#urls.some(({ searchParams }) => this.#searchParams.has(searchParams))) {
      return undefined;
    }
    return object instanceof URL
      ? "is a URL whose searchParams go along beside it"
      : "is the searchParams of a URL that goes along beside it";
  }
}
