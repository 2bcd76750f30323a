import { type GuardShell, startGuardShell } from "./guard_shell.ts";

/**
 * Remembers processes: each line has a number of ours, a process, and what to kill; without these
 * two, the number is free again. The arguments are the first line. At the end of stdin, gives the
 * processes a second to end by themselves, and kills. A process that has got the same id meanwhile
 * has started at another time. `kill -9 -1234` kills every process of the machine where `kill` is
 * that of procps, as in posh.
 */
const SCRIPT = "f() { s=;read -r s </proc/$1/stat;set -- ${s##*\\) };t=${20-};};n=0;" +
  'k() { if [ "$2" ];then f $2;eval "v$1=\'$2 $3 $t\'";else eval "v$1=";fi;' +
  "if [ $1 -ge $n ];then n=$(($1+1));fi;};" +
  'e() { if [ "$1" ];then f $1;if [ "$t" = "$3" ];then kill -s KILL -- $2;fi;fi;};' +
  "k $*;while read -r s;do k $s;done;sleep 1;" +
  'while [ $n -gt 0 ];do n=$((n-1));eval "e \\$v$n";done';

/** A shell that somebody else has ended this soon is not replaced: another may fare no better. */
const MIN_LIFE = 1_000;

/** The shell that has room for more. */
let guard: Guard | undefined;

/**
 * A shell that waits for the end of this isolate, for all processes that it is told of. One for
 * each would take a third of the memory of a tunnel.
 */
class Guard {
  readonly #shell: GuardShell;
  readonly #ids = new Map<Reaper, number>();
  /** Numbers that are free again. */
  readonly #free: number[] = [];
  #next = 1;

  constructor(first: Reaper) {
    this.#ids.set(first, 0);
    this.#shell = startGuardShell(SCRIPT, ["0", first.line]);
    const since = performance.now();
    this.#shell.gone.then(() => {
      if (guard === this) guard = undefined;
      if (performance.now() - since < MIN_LIFE) return;
      for (const reaper of this.#ids.keys()) reaper.restart();
    });
  }

  /** Adds a process. Returns whether the shell is sure to get it, even if this isolate ends now. */
  add(reaper: Reaper): boolean {
    const id = this.#free.at(-1) ?? this.#next;
    if (!this.#shell.tellAtOnce(`${id} ${reaper.line}`)) return false;
    if (this.#free.pop() === undefined) this.#next++;
    this.#ids.set(reaper, id);
    return true;
  }

  /** Removes a process, and resolves when the shell is gone if that was the last. Never rejects. */
  async remove(reaper: Reaper): Promise<void> {
    const id = this.#ids.get(reaper);
    if (id === undefined) return;
    this.#ids.delete(reaper);
    if (this.#ids.size === 0) {
      if (guard === this) guard = undefined;
      await this.#shell.kill();
    } else if (this.#shell.tellAtOnce(`${id}`)) {
      this.#free.push(id);
    }
  }
}

/**
 * Kills a process when this isolate ends, by whatever death. ssh would not end by itself while the
 * far end does not read what is on its way there.
 */
export class Reaper {
  /** What the shell is told. */
  readonly line: string;
  #guard: Guard;

  /**
   * Starts to wait.
   *
   * @param pid The process to wait for.
   * @param target What to kill: the same, or its group as a negative number.
   */
  constructor(pid: number, target: number) {
    this.line = `${pid} ${target}`;
    this.#guard = this.#start();
  }

  /** For {@linkcode Guard}: the shell has ended. */
  restart(): void {
    try {
      this.#guard = this.#start();
    } catch {
      // There is no descriptor left, for example.
    }
  }

  /** Ends it, since the process has ended. Resolves when all of it is gone, and never rejects. */
  async stop(): Promise<void> {
    await this.#guard.remove(this);
  }

  #start(): Guard {
    if (guard?.add(this) !== true) guard = new Guard(this);
    return guard;
  }
}
