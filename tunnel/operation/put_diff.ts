import type { Found, Wish } from "../../agent/files/found.ts";
import { concat } from "../../agent/wire/concat.ts";
import type { PutResult } from "../file_options.ts";
import { MAX_SIZE, TextDiff } from "./text_diff.ts";

/** The differences that a put makes. */
export class PutDiff {
  readonly #diff: TextDiff;
  #blocks: Uint8Array[] = [];
  #size = 0;

  private constructor(diff: TextDiff) {
    this.#diff = diff;
  }

  /** @param secrets Whether to show contents of files that only their owner may read. */
  static async load(secrets: boolean): Promise<PutDiff> {
    return new PutDiff(await TextDiff.load(secrets));
  }

  /** What the far end has to tell of the old file. */
  get wish(): Wish {
    return this.#diff.wish;
  }

  /** Passes on the blocks of the new file, and keeps a copy if it is small enough. */
  async *keeping(blocks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const block of blocks) {
      this.#size += block.length;
      if (this.#size > MAX_SIZE) this.#blocks = [];
      else this.#blocks.push(block.slice());
      yield block;
    }
  }

  /**
   * The diff, when all blocks have been passed on; `undefined` if the contents are not texts.
   *
   * @param before What was at the path.
   * @param isSame Whether it had the same contents.
   */
  of(
    { remotePath, size }: PutResult,
    mode: number,
    before: Found | null,
    isSame: boolean,
  ): string | undefined {
    const bytes = size > MAX_SIZE ? undefined : concat(this.#blocks, size);
    const after = { mode, size, ...bytes !== undefined && { bytes } };
    return this.#diff.of({ name: remotePath, before, after, isSame });
  }
}
