/** What is known of a connection that could not be made, or was lost. */
export interface ConnectionErrorOptions extends ErrorOptions {
  /** The argv of the process that was to carry the connection. */
  readonly command: readonly string[];
  /** Its exit code, or `null` if it has none: it was ended by a signal, or still runs. */
  readonly exitCode: number | null;
  /** The last lines of its stderr. */
  readonly stderr: string;
  /** The last of what it printed on stdout before the agent was up. */
  readonly stdout?: string;
}

type Known = Required<Omit<ConnectionErrorOptions, "cause">> & { readonly host: string };

// Not in properties: the message has it all, and a printed error shows it and its own properties.
// Nor in private ones: see errorSince().
const known: WeakMap<ConnectionError, Known> = new WeakMap();

/** Those that have the stack of an operation. */
const begun: WeakSet<ConnectionError> = new WeakSet();

/**
 * A connection could not be made, or it was lost. The message says at which
 * stage and shows the command and the end of what it printed.
 *
 * @example A host that is not there
 * ```ts
 * import { ConnectionError, Tunnel } from "../mod.ts";
 *
 * const tun = new Tunnel("127.0.0.1", { port: 1 });
 * try {
 *   await tun.connect();
 * } catch (error) {
 *   if (!(error instanceof ConnectionError)) throw error;
 *   console.log(error.host, error.exitCode, error.stderr);
 * }
 * ```
 */
export class ConnectionError extends Error {
  /** The name of the class. */
  override name = "ConnectionError";
  /**
   * Adds the details to the message.
   *
   * @param host The host that the connection is to.
   * @param message What happened, in a line.
   * @param options What else is known.
   */
  constructor(host: string, message: string, options: ConnectionErrorOptions) {
    const { command, exitCode, stderr, stdout = "", ...rest } = options;
    // The message may have said all that there is of it.
    const isSaid = stderr === "" || message.endsWith(`: ${stderr}`);
    const details = [
      ...command.length === 0 ? [] : [`command: ${command.join(" ")}`],
      ...isSaid ? [] : [`stderr: ${indent(stderr)}`],
      ...stdout === "" ? [] : [`stdout: ${indent(stdout)}`],
    ];
    super([message, ...details].join("\n  "), rest);
    known.set(this, { host, command, exitCode, stderr, stdout });
  }

  /** The host that the connection is to. */
  get host(): string {
    return known.get(this)!.host;
  }

  /** The argv of the process that carries the connection. */
  get command(): readonly string[] {
    return known.get(this)!.command;
  }

  /** The process's exit code, or `null` if it has none: it was ended by a signal, or still runs. */
  get exitCode(): number | null {
    return known.get(this)!.exitCode;
  }

  /** The last lines of the process's stderr, control characters made visible. */
  get stderr(): string {
    return known.get(this)!.stderr;
  }

  /** The last of what the process printed on stdout before the agent was up, likewise. */
  get stdout(): string {
    return known.get(this)!.stdout;
  }
}

/**
 * There is no interpreter at the far end that could run an agent. The message
 * says what was looked for and where.
 *
 * @example No such interpreter
 * ```ts
 * import { Local, RuntimeNotFoundError } from "../mod.ts";
 *
 * const tun = new Local("here", { runtime: "deno", deno: "/opt/no-such-deno" });
 * const error = await tun.connect().catch((error) => error);
 * console.log(error instanceof RuntimeNotFoundError); // true
 * ```
 */
export class RuntimeNotFoundError extends ConnectionError {
  /** The name of the class. */
  override name = "RuntimeNotFoundError";
}

/**
 * Makes `start` the same error as `error`, but for the stack: that of a connection's own error ends in an event, and
 * all that was under way has the same. One that is of another operation, as of what feeds this one, comes back as it is.
 *
 * @param start An error without a message, made where its stack is to begin.
 * @param error What happened since.
 */
export function errorSince(start: Error, error: ConnectionError): ConnectionError {
  if (begun.has(error)) return error;
  // V8 puts the name and the message in front of a stack only when it is first asked for.
  const { stack: _, ...properties } = Object.getOwnPropertyDescriptors(error);
  const same: ConnectionError = Object.defineProperties(
    Object.setPrototypeOf(start, Object.getPrototypeOf(error)),
    properties as PropertyDescriptorMap,
  );
  known.set(same, known.get(error)!);
  begun.add(same);
  return same;
}

function indent(text: string): string {
  return text.includes("\n") ? `\n${text.replaceAll(/^/gm, "    ")}` : text;
}
