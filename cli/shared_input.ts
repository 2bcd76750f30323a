/** A part of the input, and the one behind it. Who has passed it does not keep it. */
interface Part {
  read?: Promise<ReadableStreamReadResult<Uint8Array>>;
  next?: Part;
}

/**
 * One stream for many readers, each of which gets all of it. It is read no further than one of them
 * wants to, and not at all if none does: stdin may be a pipe that nobody ever writes to. What all
 * have read is not kept.
 */
export class SharedInput {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  /** How many readers are still to come. */
  #missing: number;
  /** The beginning, as long as readers are still to come. */
  #first: Part | undefined = {};

  /**
   * @param source What is read.
   * @param readers How many readers there will be.
   */
  constructor(source: ReadableStream<Uint8Array>, readers: number) {
    this.#reader = source.getReader();
    this.#missing = readers;
  }

  /** All of it, for one more reader. */
  stream(): ReadableStream<Uint8Array> {
    let part = this.#first;
    if (part === undefined) throw new Error("All readers of the input have begun");
    if (--this.#missing === 0) this.#first = undefined;
    return new ReadableStream({
      pull: async (controller) => {
        const { done, value } = await (part!.read ??= this.#reader.read());
        part = part!.next ??= {};
        if (done) controller.close();
        else controller.enqueue(value);
      },
    }, { highWaterMark: 0 });
  }
}
