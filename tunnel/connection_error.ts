/** Options for {@linkcode ConnectionError}: what is known of the connection. */
export interface ConnectionErrorOptions extends ErrorOptions {
  /** The argv of the process at this end of the connection. */
  readonly command: readonly string[];
  /** The process's exit code, or `null` if a signal ended it or it still runs. */
  readonly exitCode: number | null;
  /** The last lines of the process's stderr. */
  readonly stderr: string;
  /** The end of what the process printed on stdout before the agent was up. */
  readonly stdout?: string | undefined;
  /**
   * Whether the network or the server was not ready, so that another attempt may succeed.
   *
   * @default {false}
   */
  readonly temporary?: boolean | undefined;
}

/** The data of a {@linkcode ConnectionError}. */
type Details = Omit<ConnectionErrorOptions, "cause" | "stdout" | "temporary"> & {
  readonly host: string;
  readonly stdout: string;
  readonly temporary: boolean;
};

// The details are not in properties: a printed error shows its own properties, and the message says
// the same. Nor are they in private fields: an object that errorSince() makes would lack them.
const detailsOf: WeakMap<ConnectionError, Details> = new WeakMap();

/** The errors that already have the stack of an operation. */
const withStack: WeakSet<ConnectionError> = new WeakSet();

/**
 * A connection could not be made, or it was lost. The message says at which stage, and shows the
 * command and the end of what it printed.
 *
 * @example A host that is not there
 * ```ts
 * import { ConnectionError, Tunnel } from "@chopsticks/chopsticks";
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
   * @param message One line that says what happened.
   * @param options The command, and how it ended.
   */
  constructor(host: string, message: string, options: ConnectionErrorOptions) {
    const { command, exitCode, stderr, stdout = "", temporary = false, ...rest } = options;
    // The message may end with all of stderr.
    const isSaid = stderr === "" || message.endsWith(`: ${stderr}`);
    const details = [
      ...command.length === 0 ? [] : [`command: ${command.join(" ")}`],
      ...isSaid ? [] : [`stderr: ${indent(stderr)}`],
      ...stdout === "" ? [] : [`stdout: ${indent(stdout)}`],
    ];
    super([message, ...details].join("\n  "), rest);
    detailsOf.set(this, { host, command, exitCode, stderr, stdout, temporary });
  }

  /** The host that the connection is to. */
  get host(): string {
    return detailsOf.get(this)!.host;
  }

  /** The argv of the process at this end of the connection. */
  get command(): readonly string[] {
    return detailsOf.get(this)!.command;
  }

  /** The process's exit code, or `null` if a signal ended it or it still runs. */
  get exitCode(): number | null {
    return detailsOf.get(this)!.exitCode;
  }

  /** The last lines of the process's stderr, control characters made visible. */
  get stderr(): string {
    return detailsOf.get(this)!.stderr;
  }

  /** The end of what the process printed on stdout before the agent was up, likewise. */
  get stdout(): string {
    return detailsOf.get(this)!.stdout;
  }
}

/**
 * The far end has no interpreter that could run an agent. The message says what was looked for, and
 * where.
 *
 * @example No such interpreter
 * ```ts
 * import { Local, RuntimeNotFoundError } from "@chopsticks/chopsticks";
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

/** Whether `error` says that the network or the server was not ready. */
export function isTemporary(error: unknown): boolean {
  return error instanceof ConnectionError && detailsOf.get(error)!.temporary;
}

/**
 * Makes `start` the same error as `error`, but keeps the stack of `start`. A connection's own error
 * has the stack of an event, and it is the same one for all operations that were under way. An
 * error that already has the stack of another operation, such as one that feeds this operation, is
 * returned as it is.
 *
 * @param start An error without a message, made where the stack should begin.
 * @param error What has happened to the connection.
 */
export function errorSince(start: Error, error: ConnectionError): ConnectionError {
  if (withStack.has(error)) return error;
  // V8 writes the name and the message into the stack only when somebody first reads it.
  const { stack: _, ...properties } = Object.getOwnPropertyDescriptors(error);
  const same: ConnectionError = Object.defineProperties(
    Object.setPrototypeOf(start, Object.getPrototypeOf(error)),
    properties as PropertyDescriptorMap,
  );
  detailsOf.set(same, detailsOf.get(error)!);
  withStack.add(same);
  return same;
}

function indent(text: string): string {
  return text.includes("\n") ? `\n${text.replaceAll(/^/gm, "    ")}` : text;
}
