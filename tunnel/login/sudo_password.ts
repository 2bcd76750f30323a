import { randomBytes } from "node:crypto";
import type { Password } from "../question.ts";

/** The password for a sudo, and the words by which its dialogue is recognized. */
export class SudoPassword {
  /** sudo prints it when it wants the password, in place of words in whatever language. */
  readonly prompt: string = word();
  /** The shell that sudo starts prints it on stderr: sudo has wanted no password, or got it. */
  readonly started: string = word();
  /** The password. Private, since a printed object must not show it. */
  readonly #password: Password;

  constructor(password: Password) {
    this.#password = password;
  }

  /** Gives the password. */
  async get(): Promise<string> {
    return await (typeof this.#password === "string" ? this.#password : this.#password());
  }
}

function word(): string {
  return randomBytes(12).toString("hex");
}
