import type { FileOptions } from "../file_options.ts";

/** Tells the caller how far a file has come, and at the end once, whatever its size. */
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

  /** So many bytes have been moved. */
  tell(bytes: number): void {
    if (bytes === this.#told) return;
    this.#told = bytes;
    this.#onProgress?.({ host: this.#host, bytes, total: this.#total });
  }
}
