import { spawn } from "node:child_process";

/**
 * Waits for the end of stdin, gives the process `$1` a second to end by itself, and kills `$2`. A
 * process that has got the same number meanwhile has started at another time.
 */
const SCRIPT = "f(){ s=;read -r s </proc/$1/stat;set -- ${s##*) };t=${20-};};f $1;T=$t;" +
  'while read -r s;do :;done;sleep 1;f $1;[ "$t" = "$T" ]&&kill -9 $2';

/**
 * A process that kills another one when this isolate ends, by whatever death. ssh would not end by
 * itself while the far end does not read what is on its way there.
 */
export class Reaper {
  readonly #end: () => Promise<unknown>;

  /**
   * Starts to wait.
   *
   * @param pid The process to wait for.
   * @param target What to kill: the same, or its group as a negative number.
   */
  constructor(pid: number, target: number) {
    const args = ["-c", SCRIPT, "sh", `${pid}`, `${target}`];
    this.#end = typeof Deno === "undefined" ? startByNode(args) : startByDeno(args);
  }

  /** Ends it, since the process has ended. Resolves when it is gone, and never rejects. */
  async stop(): Promise<void> {
    await this.#end();
  }
}

/** Only a pipe of `Deno.Command` is closed when the isolate ends; see `startChild()`. */
function startByDeno(args: string[]): () => Promise<unknown> {
  const child = new Deno.Command("sh", {
    args,
    detached: true,
    stdin: "piped",
    stdout: "null",
    stderr: "null",
  }).spawn();
  child.unref();
  return () => {
    child.ref();
    try {
      child.kill("SIGKILL");
    } catch {
      // It has ended.
    }
    return Promise.allSettled([child.stdin.close(), child.status]);
  };
}

function startByNode(args: string[]): () => Promise<unknown> {
  const child = spawn("sh", args, { detached: true, stdio: ["pipe", "ignore", "ignore"] });
  child.stdin.on("error", () => {});
  child.unref();
  (child.stdin as unknown as { unref(): void }).unref();
  const gone = new Promise((resolve) => child.on("close", resolve).on("error", resolve));
  return () => {
    child.ref();
    child.kill("SIGKILL");
    child.stdin.destroy();
    return gone;
  };
}
