import { fstatSync } from "node:fs";
import process from "node:process";
import { CommandError } from "../agent/sh.ts";
import type { Group } from "../group/group.ts";
import type { GroupResult } from "../group/group_result.ts";
import { hostList, hostText, stateOf } from "../group/table/result_table.ts";
import type { BaseTunnel } from "../tunnel/base_tunnel.ts";
import { RemoteError } from "../tunnel/remote_error.ts";
import { visible } from "../tunnel/visible.ts";
import { HostLines } from "./host_lines.ts";
import { hostJson, hostsJson, HostValue, resultJson } from "./json.ts";
import { isCommandEnd } from "./outcome.ts";
import { openGroup } from "./open_group.ts";
import type { Request } from "./request.ts";
import { Screen } from "./screen.ts";
import { itemLines, resultsText } from "./text.ts";
import { prepareWork, type Work } from "./work.ts";

/** The exit codes of signals that end the work early. */
const SIGNALS = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

/** The exit code of a program to which nobody listens any more. */
const BROKEN_PIPE = 141;

/**
 * Does what a command line asks for.
 *
 * @returns The exit code.
 * @throws {Misuse} If something about it is wrong; then no host was begun.
 */
export async function runRequest(request: Request): Promise<number> {
  const { task, reach, stream: streams, json } = request;
  const screen = new Screen();
  const lines = new HostLines((line, host) => {
    screen.printError(`[${visible(host)}] ${visible(line)}`);
  });
  const group = await openGroup(reach, (line, host) => {
    lines.push(line, host, group.get(host)?.connected === true);
  });
  const work = await prepareWork(task, { hosts: group.hosts, streams, stdin: pipedInput() });
  const progress = await startProgress(group.size);
  screen.progress = progress;

  const run = new Run({ request, group, screen, lines, work });
  const names = Object.keys(SIGNALS) as (keyof typeof SIGNALS)[];
  let code: number | undefined;
  const handlers = names.map((name) => {
    const handle = (): void => {
      // Somebody is in a hurry: what runs far away ends with its connection.
      if (code !== undefined) Deno.exit(code);
      code = SIGNALS[name];
      progress?.note("Interrupted, ending what runs (once more: at once); ");
      run.interrupt();
    };
    process.on(name, handle);
    return () => process.off(name, handle);
  });
  try {
    const result = await run.result(progress);
    // At both ends: when it resolves, nothing that ran there is left.
    await group.close().catch(() => {});
    progress?.close();
    screen.progress = undefined;
    if (!streams) await screen.print(json ? hostsJson(result) : resultsText(result, task));
    const hasFailed = !result.failures().next().done;
    return code ?? (hasFailed ? 1 : 0);
  } catch (error) {
    if (error instanceof Deno.errors.BrokenPipe) return BROKEN_PIPE;
    throw error;
  } finally {
    progress?.close();
    handlers.forEach((remove) => remove());
    await group.close().catch(() => {});
  }
}

/** What is piped into this process: neither a terminal nor `/dev/null`. */
function pipedInput(): ReadableStream<Uint8Array> | undefined {
  try {
    return fstatSync(0).isCharacterDevice() ? undefined : Deno.stdin.readable;
  } catch {
    return undefined; // It is closed.
  }
}

/** What shows the progress; nobody sees it unless both outputs are a terminal. */
async function startProgress(size: number) {
  if (!Deno.stdout.isTerminal() || !Deno.stderr.isTerminal()) return undefined;
  const { Progress } = await import("./progress.ts");
  return new Progress(size);
}

/** Where the progress is told to. */
interface Meter {
  begin(host: string): void;
  end(host: string, isOk: boolean): void;
}

interface RunOptions {
  readonly request: Request;
  readonly group: Group;
  readonly screen: Screen;
  readonly lines: HostLines;
  readonly work: Work;
}

/** The work on all hosts. */
class Run {
  readonly #request: Request;
  readonly #group: Group;
  readonly #screen: Screen;
  readonly #lines: HostLines;
  readonly #work: Work;
  readonly #interruption = new AbortController();
  /** Nobody reads stdout any more. */
  #deaf: unknown;
  /** Resolves when all is out that has been printed. Does not reject. */
  #printed: Promise<void> = Promise.resolve();

  constructor({ request, group, screen, lines, work }: RunOptions) {
    this.#request = request;
    this.#group = group;
    this.#screen = screen;
    this.#lines = lines;
    this.#work = work;
  }

  /** Ends the work: hosts that are not done are aborted. */
  interrupt(): void {
    this.#interruption.abort(new Error("interrupted"));
  }

  /** Works on all hosts. Rejects if nobody reads what is printed. */
  async result(meter: Meter | undefined): Promise<GroupResult<unknown>> {
    const { maxFailures } = this.#request;
    const { signal } = this.#interruption;
    const limited = this.#group.with({ signal, maxFailures });
    const result = await limited.each(async (tunnel) => {
      const { host } = tunnel;
      meter?.begin(host);
      let isOk = false;
      try {
        const value = await this.#onHost(tunnel);
        isOk = true;
        return value;
      } finally {
        this.#lines.end(host, tunnel.connected);
        meter?.end(host, isOk);
        // Not more connections at a time than hosts that are worked on.
        await tunnel.close().catch(() => {});
      }
    });
    await this.#printed;
    if (this.#deaf !== undefined) throw this.#deaf;
    if (this.#request.stream) await this.#printFailures(result);
    return result;
  }

  async #onHost(tunnel: BaseTunnel): Promise<unknown> {
    const { timeout } = this.#request;
    if (timeout === undefined) return await this.#workOn(tunnel);
    const late = new AbortController();
    const timer = setTimeout(
      () => late.abort(new Error(`it took longer than ${timeText(timeout)} (--timeout)`)),
      timeout,
    );
    try {
      return await this.#workOn(tunnel.with({ signal: late.signal }));
    } finally {
      clearTimeout(timer);
    }
  }

  async #workOn(tunnel: BaseTunnel): Promise<unknown> {
    try {
      return await this.#take(tunnel, await this.#work(tunnel));
    } catch (error) {
      const { cause } = error as Error;
      // What lines() throws there, to be told as what sh() gives.
      if (cause instanceof Error && cause.name === "CommandError" && isCommandEnd(cause)) {
        throw new CommandError(cause);
      }
      // Nobody who gives a command knows of sh() and lines().
      const isCommand = this.#request.task.kind === "command";
      if (isCommand && error instanceof RemoteError && cause instanceof Error) throw cause;
      throw error;
    }
  }

  /** Prints what a host gives, if it is to be printed as it comes, and keeps it otherwise. */
  async #take({ host }: BaseTunnel, value: unknown): Promise<unknown> {
    if (!this.#request.stream) {
      if (!isStream(value)) return this.#request.json ? new HostValue(value) : value;
      throw new TypeError("Its result is a stream: add --stream to print it as it comes");
    }
    if (!isStream(value)) {
      await this.#print(host, value);
      return undefined;
    }
    for await (const item of value) await this.#print(host, item);
    return undefined;
  }

  async #print(host: string, item: unknown): Promise<void> {
    const { json, task } = this.#request;
    const text = json
      ? hostJson(host, resultJson(item))
      : itemLines(item, task).map((line) => `${visible(host)}: ${line}`).join("\n");
    this.#printed = this.#screen.print(text).catch((error) => {
      this.#deaf ??= error;
      this.interrupt();
    });
    if (this.#screen.isFull) await this.#printed;
    if (this.#deaf !== undefined) throw this.#deaf;
  }

  /** Tells which hosts have failed; those with the same reason share a line. */
  async #printFailures(result: GroupResult<unknown>): Promise<void> {
    const reasons = new Map<string, string[]>();
    for (const [host, failure] of result.failures()) {
      if (this.#request.json) {
        await this.#screen.print(hostJson(host, resultJson(failure)));
        continue;
      }
      const reason = `${stateOf(failure)}: ${failure.reason}`;
      const hosts = reasons.get(reason) ?? [];
      reasons.set(reason, hosts);
      hosts.push(hostText(host));
    }
    for (const [reason, hosts] of reasons) this.#screen.printError(`${hostList(hosts)}: ${reason}`);
  }
}

function isStream(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === "object" && value !== null && Symbol.asyncIterator in value;
}

function timeText(milliseconds: number): string {
  return milliseconds < 1_000 ? `${milliseconds} ms` : `${milliseconds / 1_000} s`;
}
