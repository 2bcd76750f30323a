import { type GuardShell, startGuardShell } from "./guard_shell.ts";

/** Runs the command of its arguments for each line of stdin, and once more at the end of stdin. */
const SCRIPT = 'while read -r s;do "$@" </dev/null;done;"$@" </dev/null';

/**
 * Runs a command that ends what a process has begun, such as a job in a queue: when it is asked to,
 * and at the end, which may be that of this isolate, by whatever death.
 */
export class Canceller {
  readonly #shell: GuardShell;

  /** @param command The argv. It may run several times. */
  constructor(command: readonly string[]) {
    this.#shell = startGuardShell(SCRIPT, command);
  }

  /** Runs the command now, and goes on. */
  cancel(): void {
    this.#shell.tell();
  }

  /** Runs the command, and resolves when it has ended. Never rejects. */
  async stop(): Promise<void> {
    await this.#shell.end();
  }
}
