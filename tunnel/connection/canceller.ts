import { type GuardShell, startGuardShell } from "./guard_shell.ts";

/**
 * Runs the command of its arguments for each line of stdin, and ends after one that is not empty.
 * At the end of stdin, runs it until it succeeds, but not for ever: nobody else would try again.
 */
const SCRIPT = 'while read -r s;do "$@" </dev/null;if [ "$s" ];then exit;fi;done;' +
  'for s in 1 2 3 4 5;do "$@" </dev/null&&exit;sleep 1;done';

/**
 * Runs a command that ends what a process has begun, such as a job in a queue or an agent in a
 * container: when it is asked to, and at the end, which may be that of this isolate, by whatever
 * death.
 */
export class Canceller {
  readonly #shell: GuardShell;

  /** @param command The argv. It may run several times. */
  constructor(command: readonly string[]) {
    this.#shell = startGuardShell(SCRIPT, command);
  }

  /** Runs the command now, and goes on. */
  cancel(): void {
    this.#shell.tell("");
  }

  /** Runs the command, and resolves when it has ended. Never rejects. */
  async stop(): Promise<void> {
    this.#shell.tell("last");
    await this.#shell.end();
  }

  /** Ends without running the command. Never rejects. */
  async drop(): Promise<void> {
    await this.#shell.kill();
  }
}
