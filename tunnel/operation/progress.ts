import type { FileOptions } from "../file_options.ts";

/** Tells the caller how much of a file has been transferred; at the end exactly once. */
export class Progress {
  readonly #host: string;
  readonly #onProgress: FileOptions["onProgress"];
  readonly #total: number | undefined;
  #told: number | undefined;

  constructor(host: string, onProgress: FileOptions["onProgress"], total: number | undefined) {
    this.#host = host;
    this.#onProgress = onProgress;
    this.#total = total;
  }

  /** @param bytes How many bytes have been transferred so far. */
  tell(bytes: number): void {
    if (bytes === this.#told) return;
    this.#told = bytes;
    this.#onProgress?.({ host: this.#host, bytes, total: this.#total });
  }
}
