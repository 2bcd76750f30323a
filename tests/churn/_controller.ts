import { which } from "../services/command.ts";
import type { Report, Settings } from "./fixture/controller.ts";

const SCRIPT = new URL("./fixture/controller.ts", import.meta.url).pathname;

/** Options for {@linkcode Controller}. */
export interface ControllerOptions {
  readonly settings: Settings;
  readonly env: Readonly<Record<string, string>>;
  /** The network namespace to run in, if not in that of this process. */
  readonly namespace: string | undefined;
}

/** How a controller ended. */
export interface ControllerEnd {
  readonly status: Deno.CommandStatus;
  readonly stderr: string;
  /** What it told, unless it was killed before. */
  readonly report: Report | undefined;
}

/** A running controller: see `fixture/controller.ts`. */
export class Controller {
  readonly pid: number;
  /** Resolves when all work is under way, or the controller is gone. */
  readonly up: Promise<unknown>;
  readonly end: Promise<ControllerEnd>;
  readonly #child: Deno.ChildProcess;
  readonly #stdin: WritableStreamDefaultWriter<Uint8Array>;

  constructor({ settings, env, namespace }: ControllerOptions) {
    const argv = [Deno.execPath(), "run", "-A", "--no-check", SCRIPT, JSON.stringify(settings)];
    if (namespace !== undefined) argv.unshift(which("ip")!, "netns", "exec", namespace);
    this.#child = new Deno.Command(argv[0]!, {
      args: argv.slice(1),
      env,
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
      // Ctrl-C in a terminal reaches a whole process group.
      detached: true,
    }).spawn();
    this.pid = this.#child.pid;
    this.#stdin = this.#child.stdin.getWriter();
    this.#stdin.closed.catch(() => {});
    const { promise, resolve } = Promise.withResolvers<void>();
    this.up = promise;
    this.end = this.#read(resolve);
  }

  async #read(onLine: () => void): Promise<ControllerEnd> {
    const stderr = new Response(this.#child.stderr).text();
    let stdout = "";
    for await (const chunk of this.#child.stdout.pipeThrough(new TextDecoderStream())) {
      stdout += chunk;
      onLine();
    }
    onLine();
    const status = await this.#child.status;
    await this.#stdin.close().catch(() => {});
    const told = stdout.trimEnd().split("\n").at(-1)!;
    return {
      status,
      stderr: await stderr,
      report: told.startsWith("{") ? JSON.parse(told) : undefined,
    };
  }

  /** Tells it to stop, and whether there is still a way to the far end. */
  stop(isWayThere: boolean): void {
    const line = isWayThere ? "stop\n" : "stop, for there is no way\n";
    this.#stdin.write(new TextEncoder().encode(line)).catch(() => {});
  }

  /** Sends a signal to its process group, which is all that a terminal knows of. */
  signal(name: Deno.Signal): void {
    try {
      Deno.kill(-this.pid, name);
    } catch {
      // It has ended.
    }
  }
}
