import { checkFunction, checkKeys, checkPlain, checkSignal, checkText } from "./arguments/check.ts";
import { permissionFlags } from "./arguments/permission_flags.ts";
import { checkProvision } from "./arguments/check_provision.ts";
import { shown } from "./arguments/shown.ts";
import { rangeError, typeError } from "./misuse.ts";
import type { ProvisionOptions } from "./provision_options.ts";
import type { Ask } from "./question.ts";

/** Options that every tunnel takes. */
export interface TunnelOptions {
  /**
   * The interpreter that runs the agent. `"auto"` takes a Deno that is new enough and comes up, or
   * else such a Node, even if `deno` is given; `"deno"` and `"node"` take no other.
   *
   * @default {"auto"}
   */
  readonly runtime?: "deno" | "node" | "auto" | undefined;
  /**
   * Path of Deno at the far end, or its name in `$PATH` there; `~/` is the home folder there. If
   * no Deno comes up from that path, Node is taken, unless `runtime` is `"deno"`.
   *
   * @default {the tunnel type's static `deno`, or else the usual places are searched}
   */
  readonly deno?: string | undefined;
  /**
   * Path of Node at the far end, or its name in `$PATH` there; `~/` is the home folder there.
   *
   * @default {the tunnel type's static `node`, or else the usual places are searched}
   */
  readonly node?: string | undefined;
  /**
   * Whether to bring Deno to a far end that has no interpreter for an agent. It is sent through the
   * same pipe, checked there, and kept in `~/.cache/chopsticks`, where the next connection finds
   * it. This is the one thing that the library writes to a far end's disk by itself. If the option
   * `deno` is given, nothing is brought.
   *
   * @default {false}
   */
  readonly provision?: boolean | ProvisionOptions | undefined;
  /**
   * The permissions of the agent, in the form of `Deno.test`'s `permissions`. `"inherit"` grants
   * each permission that this process has without limits. Only a Deno agent can be limited, so Node
   * is not considered if this is set.
   *
   * @default {everything}
   */
  readonly permissions?: Deno.PermissionOptions | undefined;
  /**
   * Environment variables for the agent, added to those that it has anyway. They are not visible in
   * a process list.
   *
   * @default {none}
   */
  readonly env?: Readonly<Record<string, string>> | undefined;
  /**
   * The agent's working folder.
   *
   * @default {the folder that the shell at the far end starts in}
   */
  readonly cwd?: string | undefined;
  /**
   * URLs of folders whose files the far end may ask for: modules that an `import()` names only when
   * it runs, and data that is read asynchronously, as by
   * `Deno.readTextFile(new URL("./motd.txt", import.meta.url))`, by functions of `node:fs` with a
   * callback or a promise, or by `fetch`; by a path or a `file:` URL. Modules that are sent along
   * with a call need not be in such a folder. A tunnel that is opened at the far end of another
   * tunnel serves the folders of that other tunnel.
   *
   * @default {[]}
   */
  readonly serve?: readonly (string | URL)[] | undefined;
  /**
   * URLs of files and folders that are sent along, so that code at the far end can open them by
   * path, synchronously too, as with `deno compile --include`. They are kept in memory there, not
   * on the disk. Files that a module of an npm package names literally are sent by themselves.
   *
   * @default {[]}
   */
  readonly include?: readonly (string | URL)[] | undefined;
  /**
   * The most bytes of files that are sent along in one connection. If those of `include` are more,
   * calls reject with a `RangeError`; files of packages that are beyond it are not sent, and
   * `stderr` is told.
   *
   * @default {67,108,864 (64 MiB)}
   */
  readonly includeLimit?: number | undefined;
  /**
   * Called with each line that the far end prints, to stdout or stderr, and with the host. The line
   * is as it was printed: it may hold control characters.
   *
   * @default {writes the line to stderr, behind `[host] ` and with control characters made visible}
   */
  readonly stderr?: ((line: string, host: string) => void) | undefined;
  /**
   * Answers what ssh asks while the tunnel connects: a password, a passphrase, whether a host is
   * trusted. ssh never reads the terminal itself. Without an answer, or if the function throws,
   * connecting fails. Tunnels that use no ssh ask nothing.
   *
   * @default {asks at the terminal, one question after the other; without one, nothing is answered}
   */
  readonly ask?: Ask | undefined;
  /**
   * Milliseconds that connecting may take, from the start of the process to an agent that is up;
   * after that, it fails with a `ConnectionError`. An interpreter that is not up after half of it
   * gives way to another, if there is one. The time that a question waits for its answer does not
   * count, nor that in which Deno is brought, as long as bytes move. 0: no limit.
   *
   * @default {30,000}
   */
  readonly connectTimeout?: number | undefined;
  /**
   * How often to try again when the network or the server was not ready, such as a host that is
   * still booting: after 1, 2, 4 … seconds, at most 30, or a little less. What time does not mend,
   * such as a refused login or a host without a runtime, is not tried again, and a connection that
   * was lost later is not made anew by it.
   *
   * @default {0}
   */
  readonly connectRetries?: number | undefined;
  /**
   * Milliseconds between pings. A far end that gives no sign of life for three intervals counts as
   * lost; a function that blocks its thread there does not matter. An agent on another machine ends
   * when nothing has come from here for six. 0: no pings, and neither end counts.
   *
   * @default {15,000}
   */
  readonly keepAlive?: number | undefined;
  /**
   * How much memory a value of the far end may take here, in bytes, about: a result, a value of a
   * stream, what was thrown, the arguments of a callback. A few bytes can be an object, so this is
   * more than what is sent. If one would take more, or very long to decode, the connection is
   * closed with a `ProtocolError`. `Infinity`: no limit, for a far end that is trusted.
   *
   * @default {268,435,456 (256 MiB)}
   */
  readonly maxResult?: number | undefined;
}

/** Options for {@linkcode BaseTunnel.prototype.with | BaseTunnel.with}. */
export interface WithOptions {
  /** Ends the operations: they reject with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** The defaults of {@linkcode TunnelOptions}. */
export const DEFAULTS: {
  readonly connectTimeout: number;
  readonly connectRetries: number;
  readonly keepAlive: number;
  readonly maxResult: number;
  readonly includeLimit: number;
} = {
  connectTimeout: 30_000,
  connectRetries: 0,
  keepAlive: 15_000,
  maxResult: 256 * 1024 ** 2,
  includeLimit: 64 * 2 ** 20,
};

/** The names of {@linkcode TunnelOptions}. */
const NAMES: Readonly<Record<keyof TunnelOptions, true>> = {
  runtime: true,
  deno: true,
  node: true,
  provision: true,
  permissions: true,
  env: true,
  cwd: true,
  serve: true,
  include: true,
  includeLimit: true,
  stderr: true,
  ask: true,
  connectTimeout: true,
  connectRetries: true,
  keepAlive: true,
  maxResult: true,
};

const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;
/** Variables that the shell needs for itself while it starts the agent. */
const RESERVED = /^(IFS|OPTIND|_csN|_c.)$/;
/** In milliseconds. Node and browsers treat a longer timer as one of 1 ms. */
const LONGEST_TIMER = 2 ** 31 - 1;

/**
 * Checks the options of a tunnel, because callers may not use TypeScript.
 *
 * @throws {TypeError} If an option is of the wrong type.
 * @throws {RangeError} If a number is not a time in milliseconds, or not a number of bytes.
 */
export function checkOptions(options: TunnelOptions): void {
  checkPlain(options);
  const { runtime, env = {}, stderr, maxResult } = options;
  if (runtime !== undefined && !["deno", "node", "auto"].includes(runtime)) {
    throw typeError(`runtime is ${shown(runtime)}: expected "deno", "node" or "auto"`);
  }
  for (const key of ["deno", "node", "cwd"] as const) checkText(key, options[key]);
  for (const key of ["connectTimeout", "keepAlive"] as const) {
    const value = options[key];
    if (value === undefined) continue;
    if (typeof value !== "number" || !(value >= 0 && value <= LONGEST_TIMER)) {
      throw rangeError(
        `${key} is ${shown(value)}: expected milliseconds, 0 to ${LONGEST_TIMER}`,
      );
    }
  }
  if (maxResult !== undefined && !(typeof maxResult === "number" && maxResult > 0)) {
    throw rangeError(`maxResult is ${shown(maxResult)}: expected bytes, more than 0`);
  }
  const { includeLimit = 0, connectRetries = 0 } = options;
  if (!Number.isSafeInteger(connectRetries) || connectRetries < 0) {
    throw rangeError(
      `connectRetries is ${shown(connectRetries)}: expected an integer, at least 0`,
    );
  }
  if (!Number.isSafeInteger(includeLimit) || includeLimit < 0) {
    throw rangeError(`includeLimit is ${shown(includeLimit)}: expected a number of bytes`);
  }
  checkFunction("stderr", stderr, "a function of a line and a host");
  checkFunction("ask", options.ask, "a function of a question");
  // Node's `process.env` is not a plain object.
  if (typeof env !== "object" || env === null || Symbol.iterator in env) {
    throw typeError(`env is ${shown(env)}: expected an object of strings`);
  }
  for (const [name, value] of Object.entries(env)) {
    if (!NAME.test(name)) {
      throw typeError(`env has ${shown(name)}: expected a variable name (letters, digits, _)`);
    }
    if (RESERVED.test(name)) {
      throw typeError(`env has ${name}: the shell that starts the agent needs it for itself`);
    }
    if (typeof value !== "string") {
      throw typeError(`env.${name} is ${shown(value)}: expected a string`);
    }
    checkText(`env.${name}`, value, true);
  }
  if (options.permissions !== undefined && runtime === "node") {
    throw typeError('permissions need a Deno agent, and runtime is "node"');
  }
  permissionFlags(options.permissions);
  checkProvision(options.provision, runtime);
}

/** The options for bringing Deno; `undefined` if it is not to be brought. */
export function provisionOptions(
  provision: TunnelOptions["provision"],
): ProvisionOptions | undefined {
  return provision === true ? {} : provision === false ? undefined : provision;
}

/**
 * Checks that options have only the names in {@linkcode TunnelOptions} and those in `more`. Only
 * the library's own classes check this: a subclass may pass on options of its own.
 *
 * @throws {TypeError} If there is another option, which may be misspelt.
 */
export function checkNames(options: object, ...more: string[]): void {
  checkKeys(options, ...more, ...Object.keys(NAMES));
}

/**
 * Checks the options of a `with()`: a signal, and the options named in `more`.
 *
 * @throws {TypeError} If an option is of the wrong type, or has another name.
 */
export function checkWithOptions(options: WithOptions, ...more: string[]): void {
  // An AbortController is welcome, because it has a signal.
  if (!(options instanceof AbortController)) checkPlain(options);
  checkKeys(options, "signal", ...more);
  checkSignal(options.signal);
}
