import type { AgentInfo } from "../agent/hello.ts";
import type { FunctionPlace } from "../agent/request.ts";
import { asStream } from "../agent/value_stream.ts";
import { type Core, cores } from "./_core.ts";
import { type CallImage, callImage, placeImage } from "./_call_image.ts";
import { nameOf } from "./_function_place.ts";
import type { Session } from "./_session.ts";
import { ConnectionError } from "./connection_error.ts";
import type { WithOptions } from "./tunnel_options.ts";

/** A module at the far end: each of its functions gives a promise here. */
export type RemoteModule<M> = {
  readonly [K in keyof M as M[K] extends (...args: never[]) => unknown ? K : never]: M[K] extends
    (...args: infer A) => infer R ? (...args: A) => Promise<Awaited<R>> : never;
};

/** The signals of the views that {@linkcode BaseTunnel.with} made. */
const signals: WeakMap<BaseTunnel, AbortSignal> = new WeakMap();

/**
 * A way to another machine, or to another process: what all tunnels have in common.
 *
 * A tunnel connects when it is first used. It can be closed and used again; then it connects anew,
 * and nothing is left of what ran at the far end before. An idle tunnel does not keep the script alive.
 *
 * @example Calling a function
 * ```ts
 * import { Local } from "../mod.ts";
 * import { runtime } from "../agent/facts.ts";
 *
 * await using tun = new Local();
 * console.log(await tun.call(runtime));
 * ```
 */
export abstract class BaseTunnel {
  /** The name of the far end: what results and messages call it. */
  abstract readonly host: string;

  /** Whether there is a connection with an agent that is up. */
  get connected(): boolean {
    return this.info !== undefined;
  }

  /** What the agent told of itself, while there is a connection. */
  get info(): AgentInfo | undefined {
    return coreOf(this).session?.connection.info;
  }

  /**
   * Connects, if there is no connection yet.
   *
   * Rejects with a {@linkcode ConnectionError} if that fails.
   */
  async connect(): Promise<void> {
    await use(this, (session) => session.connection.ready);
  }

  /**
   * Calls `fn` at the far end. The function and every module that it needs are sent there;
   * the arguments and the result are copied.
   *
   * Rejects with a {@linkcode RemoteError} if it throws there, with a {@linkcode ConnectionError}
   * if there is no connection or it is lost, and with a `TypeError` if the function or
   * an argument cannot be sent.
   *
   * @param fn Any function: what it uses of what is around it goes along.
   * @param args What to call it with.
   * @returns What it returns, awaited.
   *
   * @example A built-in function
   * ```ts
   * import { Local } from "../mod.ts";
   *
   * await using tun = new Local();
   * console.log(await tun.call(Math.max, 1, 2, 3)); // 3
   * ```
   */
  async call<A extends unknown[], R>(
    fn: (...args: A) => R,
    ...args: A
  ): Promise<Awaited<R>> {
    if (typeof fn !== "function") {
      throw new TypeError(`Cannot call ${String(fn)}: it is not a function`);
    }
    return await call(this, `${nameOf(fn)}()`, callImage(fn, args.map(asStream))) as Awaited<R>;
  }

  /**
   * A module at the far end. Unlike {@linkcode call}, this does not look into functions,
   * so it works where the inspector is not to be had.
   *
   * @param url The module's URL, as `import.meta.resolve` gives it.
   * @returns A stand-in with the module's functions.
   *
   * @example
   * ```ts
   * import { Local } from "../mod.ts";
   *
   * await using tun = new Local();
   * const facts = tun.module<typeof import("../agent/facts.ts")>(
   *   import.meta.resolve("../agent/facts.ts"),
   * );
   * console.log(await facts.hostname());
   * ```
   */
  module<M>(url: string | URL): RemoteModule<M> {
    const { href } = new URL(url);
    const places = new Map<string, FunctionPlace>();
    return new Proxy(Object.create(null), {
      get: (_, name) => {
        // A stand-in is no promise, though anything may be asked whether it is one.
        if (typeof name === "symbol" || name === "then") return undefined;
        const place = places.get(name) ?? { module: href, path: [name] };
        places.set(name, place);
        return async (...args: unknown[]) =>
          await call(this, `${name}()`, placeImage(place, args.map(asStream)));
      },
    }) as RemoteModule<M>;
  }

  /**
   * The same tunnel, with the same connection, whose operations are also ended by a signal.
   *
   * @example At most a second
   * ```ts
   * import { Local } from "../mod.ts";
   *
   * await using tun = new Local();
   * await tun.with({ signal: AbortSignal.timeout(1_000) }).call(Date.now);
   * ```
   */
  with(options: WithOptions): this {
    const { signal } = options;
    if (signal === undefined) return this;
    const own = signals.get(this);
    const view = Object.create(this);
    cores.set(view, coreOf(this));
    signals.set(view, own === undefined ? signal : anySignal(own, signal));
    return view;
  }

  /**
   * Ends the agent and everything that it runs, and resolves when that is done. What is pending
   * fails. Harmless when there is no connection.
   */
  async close(): Promise<void> {
    const core = coreOf(this);
    // Not later: the tunnel may be used again meanwhile.
    const { session, gone } = core;
    core.session = undefined;
    if (session !== undefined) {
      await session.connection.close(
        new ConnectionError(this.host, `The tunnel to ${this.host} was closed`, {
          command: [],
          exitCode: null,
          stderr: "",
        }),
      );
    }
    await gone;
  }

  /** Closes the tunnel at the end of an `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** The type and the host, such as `Docker('py36')`. */
  toString(): string {
    return `${this.constructor.name}('${this.host.replace(/['\\]/g, "\\$&")}')`;
  }

  static {
    for (const key of ["Deno.customInspect", "nodejs.util.inspect.custom"]) {
      Object.defineProperty(this.prototype, Symbol.for(key), {
        value(this: BaseTunnel): string {
          return this.toString();
        },
      });
    }
  }
}

async function call(
  tunnel: BaseTunnel,
  operation: string,
  imaging: CallImage | Promise<CallImage>,
): Promise<unknown> {
  // It is awaited below; until then it may fail without anybody to hear of it.
  if (imaging instanceof Promise) imaging.catch(() => {});
  return await use(tunnel, async (session, signal) => {
    const image = imaging instanceof Promise ? await imaging : imaging;
    if (!session.hasModules(image.modules)) {
      await session.sendModules(image.modules);
      signal?.throwIfAborted();
    }
    return await session.call(operation, image, signal);
  });
}

/** Does something with the connection, which is made if there is none, and keeps the script alive meanwhile. */
async function use<T>(
  tunnel: BaseTunnel,
  work: (session: Session, signal: AbortSignal | undefined) => Promise<T>,
): Promise<T> {
  const signal = signals.get(tunnel);
  signal?.throwIfAborted();
  const session = coreOf(tunnel).session ?? await sessionLater(tunnel, signal);
  session.connection.hold();
  try {
    return await abortable(work(session, signal), signal);
  } finally {
    session.connection.release();
  }
}

/** A new session, as soon as the process of the last one is gone. */
async function sessionLater(tunnel: BaseTunnel, signal: AbortSignal | undefined): Promise<Session> {
  const core = coreOf(tunnel);
  await abortable(core.gone, signal);
  if (core.session !== undefined) return core.session;
  let session: Session | undefined = undefined;
  session = core.open(() => {
    if (core.session === session) core.session = undefined;
  });
  core.session = session;
  core.gone = session.connection.gone;
  return session;
}

function coreOf(tunnel: BaseTunnel): Core {
  const core = cores.get(tunnel);
  if (core === undefined) {
    throw new TypeError(`${tunnel.constructor.name} is no driver: extend SubprocessTunnel`);
  }
  return core;
}

/** Settles as `promise` does, or rejects with the signal's reason if that comes first. */
function abortable<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise;
  return new Promise<T>((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", onAbort));
  });
}

/** `AbortSignal.any`, which Node has only since version 20. */
function anySignal(...signals: AbortSignal[]): AbortSignal {
  if ("any" in AbortSignal) return AbortSignal.any(signals);
  const controller = new AbortController();
  for (const signal of signals) {
    const abort = (): void => controller.abort(signal.reason);
    if (signal.aborted) abort();
    else signal.addEventListener("abort", abort, { signal: controller.signal });
  }
  return controller.signal;
}
