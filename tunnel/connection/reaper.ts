import { type GuardShell, startGuardShell } from "./guard_shell.ts";

/**
 * Waits for the end of stdin, gives the process `$1` a second to end by itself, and kills `$2`. A
 * process that has got the same number meanwhile has started at another time. `kill -9 -1234` kills
 * every process of the machine where `kill` is that of procps, as in posh.
 */
const SCRIPT = "f() { s=;read -r s </proc/$1/stat;set -- ${s##*\\) };t=${20-};};f $1;T=$t;" +
  'while read -r s;do :;done;sleep 1;f $1;[ "$t" = "$T" ]&&kill -s KILL -- $2';

/**
 * A process that kills another one when this isolate ends, by whatever death. ssh would not end by
 * itself while the far end does not read what is on its way there.
 */
export class Reaper {
  readonly #shell: GuardShell;

  /**
   * Starts to wait.
   *
   * @param pid The process to wait for.
   * @param target What to kill: the same, or its group as a negative number.
   */
  constructor(pid: number, target: number) {
    this.#shell = startGuardShell(SCRIPT, [`${pid}`, `${target}`]);
  }

  /** Ends it, since the process has ended. Resolves when it is gone, and never rejects. */
  async stop(): Promise<void> {
    await this.#shell.kill();
  }
}
