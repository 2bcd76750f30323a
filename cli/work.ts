import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { type Command, CommandError, lines, sh } from "../agent/sh.ts";
import { checkFile } from "../group/files/check_file.ts";
import { callOn, fetchDirOn, fetchOn, putOn } from "../group/target.ts";
import type { BaseTunnel } from "../tunnel/base_tunnel.ts";
import { linkOf } from "../tunnel/operation/link.ts";
import type { Operation } from "../tunnel/operation/operation.ts";
import { prepareSync } from "../tunnel/operation/sync.ts";
import { checkFacts } from "./fact_columns.ts";
import { FACT_NAMES, hostFacts } from "./host_facts.ts";
import { Misuse } from "./misuse.ts";
import { isCommandEnd } from "./outcome.ts";
import type { Task } from "./request.ts";
import { SharedInput } from "./shared_input.ts";

/** Does the task on a host, over a view of its tunnel that ends it in time. */
export type Work = (tunnel: BaseTunnel) => Promise<unknown>;

/** What the work needs to know beside its task. */
export interface WorkContext {
  /** The names of all hosts. */
  readonly hosts: readonly string[];
  /** Whether results are printed as they come. */
  readonly streams: boolean;
  /** What is passed on to commands and files, if there is any. */
  readonly stdin: ReadableStream<Uint8Array> | undefined;
}

/**
 * Prepares a task: checks all that can be checked before any host is begun.
 *
 * @throws {Misuse} If something about it is wrong.
 */
export async function prepareWork(task: Task, context: WorkContext): Promise<Work> {
  try {
    return await prepare(task, context);
  } catch (error) {
    throw new Misuse((error as Error).message, { cause: error });
  }
}

async function prepare(task: Task, { hosts, streams, stdin }: WorkContext): Promise<Work> {
  // A single host needs no {host} in a path here.
  const target = hosts.length > 1 ? hosts : undefined;
  switch (task.kind) {
    case "command": {
      const input = task.stdin ? stdin : undefined;
      return await commandWork(
        task.command,
        input && new SharedInput(input, hosts.length),
        hosts,
        streams,
      );
    }
    case "call": {
      const fn = await loadFunction(task.module, task.name);
      return await workOf(callOn(target, fn, [...task.args]));
    }
    case "put": {
      const { file, path, options } = task;
      if (file !== "-") {
        await checkFile("put", file);
        return await workOf(putOn(target, file, path, options));
      }
      if (stdin === undefined) {
        throw new TypeError("There is no stdin to put: pipe the contents of the file into it");
      }
      const shared = new SharedInput(stdin, hosts.length);
      return (tunnel) => tunnel.put(shared.stream(), path, options);
    }
    case "fetch":
      return await workOf(fetchOn(target, task.path, task.file));
    case "fetchDir":
      return await workOf(fetchDirOn(target, task.path, task.folder, task.options));
    case "sync": {
      const { folder, path, options } = task;
      await checkFile("sync", folder);
      return await workOf(prepareSync(folder, path, options));
    }
    case "facts": {
      const names = task.names.length === 0 ? FACT_NAMES : task.names;
      const run = await workOf(callOn(target, hostFacts, [names]));
      return async (tunnel) => {
        const facts = await run(tunnel);
        checkFacts(facts, task.names);
        return facts;
      };
    }
  }
}

/** An operation as work: it is prepared once for all hosts, which takes long for a bundle. */
async function workOf(operation: Operation<unknown>): Promise<Work> {
  await operation.ready;
  return (tunnel) => operation.perform(linkOf(tunnel));
}

async function commandWork(
  command: Command,
  input: SharedInput | undefined,
  hosts: readonly string[],
  streams: boolean,
): Promise<Work> {
  if (streams) {
    if (input === undefined) return await workOf(callOn(hosts, lines, [command]));
    return (tunnel) => tunnel.call(lines, command, { input: input.stream() });
  }
  const options = { check: false };
  const run: (tunnel: BaseTunnel) => Promise<unknown> = input === undefined
    ? await workOf(callOn(hosts, sh<"text">, [command, options]))
    : (tunnel) => tunnel.call(sh, command, { ...options, input: input.stream() });
  return async (tunnel) => {
    const result = await run(tunnel);
    if (!isCommandEnd(result)) throw new TypeError("It does not say how the command ended");
    // Made here, it keeps the whole output.
    if (result.code !== 0) throw new CommandError(result);
    return result;
  };
}

type AnyFunction = (this: void, ...args: unknown[]) => unknown;

async function loadFunction(module: string, name: string): Promise<AnyFunction> {
  // A path, unless it is a URL or a package.
  const isURL = /^(?:[a-z][a-z+.-]+:)/.test(module);
  const url = isURL ? module : pathToFileURL(resolve(module)).href;
  let exports: Record<string, unknown>;
  try {
    exports = await import(url);
  } catch (error) {
    throw new TypeError(`Cannot load ${module}: ${(error as Error).message}`, { cause: error });
  }
  const fn = exports[name];
  if (typeof fn === "function") return fn as AnyFunction;
  const functions = Object.keys(exports).filter((key) => typeof exports[key] === "function");
  const known = functions.length === 0 ? "none" : functions.join(", ");
  throw new TypeError(
    `${module} exports no function ${name}: the functions that it exports: ${known}`,
  );
}
