import { permissionFlags } from "./arguments/permission_flags.ts";
import { shown } from "./arguments/shown.ts";

/** Options that every tunnel takes. */
export interface TunnelOptions {
  /**
   * The interpreter for the agent: `"auto"` takes a Deno that is new enough, or else such a Node, even if `deno` is
   * given; `"deno"` and `"node"` insist.
   *
   * @default "auto"
   */
  readonly runtime?: "deno" | "node" | "auto";
  /**
   * Path of Deno at the far end, or its name in `$PATH` there; `~/` is the home folder there. If it is not there,
   * Node is taken, unless `runtime` is `"deno"`.
   *
   * @default The tunnel type's static `deno`, or else the usual places are searched
   */
  readonly deno?: string;
  /**
   * Path of Node at the far end, or its name in `$PATH` there; `~/` is the home folder there.
   *
   * @default The tunnel type's static `node`, or else the usual places are searched
   */
  readonly node?: string;
  /**
   * What the agent may do, in the form of `Deno.test`'s `permissions`. `"inherit"` stands for what
   * this process may do without limits. Only a Deno agent can be limited, so Node is not considered then.
   *
   * @default Everything
   */
  readonly permissions?: Deno.PermissionOptions;
  /** Variables for the agent, beside those it has anyway. They are not visible in a process list. */
  readonly env?: Readonly<Record<string, string>>;
  /** The agent's working folder. Without it, the one that the shell at the far end starts in. */
  readonly cwd?: string;
  /**
   * URLs of folders whose files the far end may ask for: modules that an `import()` names only when it runs,
   * and data, by `Deno.readTextFile(new URL("./motd.txt", import.meta.url))`, `Deno.readFile` or `readFile` of
   * `node:fs/promises`. What is sent along with a call needs no leave. At the far end of another tunnel, the
   * folders of that one count.
   *
   * @default []
   */
  readonly serve?: readonly (string | URL)[];
  /**
   * Called with each line that the far end prints, whatever the stream, and the host. The line is
   * as it was printed: it may hold control characters.
   *
   * @default Writes it to stderr, behind `[host] ` and with control characters made visible
   */
  readonly stderr?: (line: string, host: string) => void;
  /**
   * Milliseconds that all of connecting may take; beyond them it fails with a `ConnectionError`. 0: no limit.
   *
   * @default 30,000
   */
  readonly connectTimeout?: number;
  /**
   * Milliseconds between pings; a connection that has left three in a row unanswered is taken for
   * lost. A function that never yields to the agent's event loop cannot answer: give it more. 0: no pings.
   *
   * @default 15,000
   */
  readonly keepAlive?: number;
}

/** Options for {@linkcode BaseTunnel.with}. */
export interface WithOptions {
  /** Ends the operations: they reject with its reason. */
  readonly signal?: AbortSignal;
}

/** The defaults of {@linkcode TunnelOptions}. */
export const DEFAULTS: { readonly connectTimeout: number; readonly keepAlive: number } = {
  connectTimeout: 30_000,
  keepAlive: 15_000,
};

/** The names of {@linkcode TunnelOptions}. */
const NAMES: Readonly<Record<keyof TunnelOptions, true>> = {
  runtime: true,
  deno: true,
  node: true,
  permissions: true,
  env: true,
  cwd: true,
  serve: true,
  stderr: true,
  connectTimeout: true,
  keepAlive: true,
};

const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;
/** What the shell that starts the agent needs for itself. */
const RESERVED = /^(IFS|OPTIND|_cs.)$/;
/** Node and the browsers take a longer timer for 1 ms. */
const LONGEST_TIMER = 2 ** 31 - 1;

/**
 * Checks what TypeScript may not have checked.
 *
 * @throws {TypeError} If an option is of the wrong type.
 * @throws {RangeError} If a number is not a time.
 */
export function checkOptions(options: TunnelOptions): void {
  checkPlain(options);
  const { runtime, env = {}, stderr } = options;
  if (runtime !== undefined && !["deno", "node", "auto"].includes(runtime)) {
    throw new TypeError(`runtime is ${shown(runtime)}: expected "deno", "node" or "auto"`);
  }
  for (const key of ["deno", "node", "cwd"] as const) checkText(key, options[key]);
  for (const key of ["connectTimeout", "keepAlive"] as const) {
    const value = options[key];
    if (value === undefined) continue;
    if (typeof value !== "number" || !(value >= 0 && value <= LONGEST_TIMER)) {
      throw new RangeError(
        `${key} is ${shown(value)}: expected milliseconds, 0 to ${LONGEST_TIMER}`,
      );
    }
  }
  if (stderr !== undefined && typeof stderr !== "function") {
    throw new TypeError(`stderr is ${shown(stderr)}: expected a function of a line and a host`);
  }
  // Node's `process.env` is not a plain object.
  if (typeof env !== "object" || env === null || Symbol.iterator in env) {
    throw new TypeError(`env is ${shown(env)}: expected an object of strings`);
  }
  for (const [name, value] of Object.entries(env)) {
    if (!NAME.test(name)) {
      throw new TypeError(`env has ${shown(name)}: expected a variable name (letters, digits, _)`);
    }
    if (RESERVED.test(name)) {
      throw new TypeError(`env has ${name}: that is for the shell there alone`);
    }
    if (typeof value !== "string") {
      throw new TypeError(`env.${name} is ${shown(value)}: expected a string`);
    }
    checkText(`env.${name}`, value, true);
  }
  if (options.permissions !== undefined && runtime === "node") {
    throw new TypeError('permissions need a Deno agent, and runtime is "node"');
  }
  permissionFlags(options.permissions);
}

/**
 * Checks that there are no options but those that every tunnel takes and those of `more`. A driver of somebody
 * else's may have others among what it passes on, so only the library's own classes, as they are, ask for it.
 *
 * @throws {TypeError} If there is another one, which may be misspelt.
 */
export function checkNames(options: object, ...more: string[]): void {
  checkKeys(options, ...more, ...Object.keys(NAMES));
}

/**
 * Checks the options of a `with()`: a signal, and those of `more`.
 *
 * @throws {TypeError} If they are not what they should be.
 */
export function checkWithOptions(options: WithOptions, ...more: string[]): void {
  // Which has a signal, and is handy.
  if (!(options instanceof AbortController)) checkPlain(options);
  checkKeys(options, "signal", ...more);
  checkSignal(options.signal);
}

/** @throws {TypeError} If `signal` is given, and is no signal. */
export function checkSignal(signal: unknown): void {
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw new TypeError(`signal is ${shown(signal)}: expected an AbortSignal`);
  }
}

/** @throws {TypeError} If `options` is not a plain object. */
export function checkPlain(options: unknown): void {
  if (typeof options === "object" && options !== null) {
    const prototype = Object.getPrototypeOf(options);
    if (prototype === null || prototype === Object.prototype) return;
  }
  throw new TypeError(`options is ${shown(options)}: expected a plain object`);
}

/**
 * Checks that no option has a name but those of `known`.
 *
 * @throws {TypeError} If there is another one, which may be misspelt.
 */
export function checkKeys(options: object, ...known: string[]): void {
  for (const [key, value] of Object.entries(options)) {
    if (value === undefined || known.includes(key)) continue;
    throw new TypeError(`options has ${shown(key)}: expected one of ${known.join(", ")}`);
  }
}

/** @throws {TypeError} If `value` is not a boolean: any text would count as true. */
export function checkBoolean(key: string, value: unknown): void {
  if (value === undefined || typeof value === "boolean") return;
  throw new TypeError(`${key} is ${shown(value)}: expected a boolean`);
}

/** @throws {TypeError} If `value` is not a string that a command line can carry. */
export function checkText(key: string, value: unknown, mayBeEmpty = false): void {
  if (value === undefined) return;
  if (typeof value !== "string" || (value === "" && !mayBeEmpty)) {
    throw new TypeError(`${key} is ${shown(value)}: expected a string`);
  }
  if (value.includes("\0")) {
    throw new TypeError(`${key} has a NUL character: no command can carry it`);
  }
}

/** @throws {TypeError} If `value` is not the name of something, or would be read as an option. */
export function checkName(key: string, value: unknown): void {
  if (value === undefined) throw new TypeError(`${key} is undefined: expected a string`);
  checkText(key, value);
  if ((value as string).startsWith("-")) {
    throw new TypeError(`${key} is ${shown(value)}: it would be read as an option`);
  }
}

/** @throws {TypeError} If `value` is not an array of strings that a command line can carry. */
export function checkArgs(key: string, value: unknown): void {
  if (value === undefined) return;
  if (!Array.isArray(value)) {
    throw new TypeError(`${key} is ${shown(value)}: expected an array of strings`);
  }
  for (const [i, arg] of value.entries()) {
    if (typeof arg !== "string") {
      throw new TypeError(`${key}[${i}] is ${shown(arg)}: expected a string`);
    }
    checkText(`${key}[${i}]`, arg, true);
  }
}
