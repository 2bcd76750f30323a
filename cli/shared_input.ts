/**
 * One stream for many readers, each of which gets all of it. It is read no further than one of them
 * wants to, and not at all if none does: stdin may be a pipe that nobody ever writes to.
 */
export class SharedInput {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  /** What has been read: slow readers still need it. */
  readonly #chunks: Promise<ReadableStreamReadResult<Uint8Array>>[] = [];

  constructor(source: ReadableStream<Uint8Array>) {
    this.#reader = source.getReader();
  }

  /** All of it, for one more reader. */
  stream(): ReadableStream<Uint8Array> {
    let next = 0;
    return new ReadableStream({
      pull: async (controller) => {
        const { done, value } = await (this.#chunks[next] ??= this.#reader.read());
        next++;
        if (done) controller.close();
        else controller.enqueue(value);
      },
    }, { highWaterMark: 0 });
  }
}
