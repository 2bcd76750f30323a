import { inspect } from "node:util";
import type { Failure } from "../agent/protocol/failure.ts";
import { defineHandle, HandleKind } from "../agent/protocol/handle.ts";
import { withoutOwnFrames, withoutOwnFramesIfShort } from "../tunnel/own_frames.ts";
import { RemoteError } from "../tunnel/remote_error.ts";
import { withoutHost } from "./_failure_text.ts";
import { foldNames } from "./ranges/fold_names.ts";
import { isPlain } from "./table/plain.ts";
import { resultHtml } from "./table/result_html.ts";
import { hostText, resultTable, stateOf } from "./table/result_table.ts";
import { defineLooks } from "./table/show.ts";
import { textTable } from "./table/text_table.ts";
import { ErrorResult } from "./error_result.ts";

/**
 * The result of an operation on a group: a map from each host to its value or its {@linkcode
 * ErrorResult}, in the group's order. When it is printed, or shown in a notebook, it is a table in
 * which hosts with the same outcome share a row.
 *
 * As the result of a call it arrives as a `GroupResult`; as an argument it arrives as a `Map`.
 *
 * @example
 * ```ts
 * import { Group, Local } from "@chopsticks/chopsticks";
 *
 * await using group = new Group([new Local("a"), new Local("b")]);
 * const result = await group.call(Math.sqrt, 2);
 * for (const [host, root] of result.successful()) console.log(host, root);
 * for (const [host, { msg }] of result.failures()) console.error(host, msg);
 * ```
 */
export class GroupResult<T> extends Map<string, T | ErrorResult> {
  /** The hosts that have a value, each with its value. */
  *successful(): Generator<[host: string, value: T], void> {
    for (const [host, result] of this) {
      if (!(result instanceof ErrorResult)) yield [host, result];
    }
  }

  /** The hosts that have no value, each with its `ErrorResult`. */
  *failures(): Generator<[host: string, result: ErrorResult], void> {
    for (const [host, result] of this) {
      if (result instanceof ErrorResult) yield [host, result];
    }
  }

  /**
   * Insists on a value of every host.
   *
   * @returns The result itself, which has only values.
   * @throws {RemoteError} If a host has no value. The message counts the hosts that failed, were
   * aborted and were skipped, and says of each what happened. `cause` is an `AggregateError` of the
   * errors, in the group's order.
   *
   * @example
   * ```ts
   * import { Group, Local } from "@chopsticks/chopsticks";
   *
   * await using group = new Group([new Local("a"), new Local("b")]);
   * const roots = (await group.call(Math.sqrt, 2)).raiseFailures();
   * console.log(roots.get("a")?.toFixed(3));
   * ```
   */
  raiseFailures(): Map<string, T> {
    const failures = [...this.failures()];
    if (failures.length > 0) {
      const error = failureOf(failures, this.size);
      // The first line of its stack is the caller's, which is what is printed if nobody catches it.
      Error.captureStackTrace(error, GroupResult.prototype.raiseFailures);
      throw withoutOwnFramesIfShort(error);
    }
    return this as Map<string, unknown> as Map<string, T>;
  }

  /**
   * For `JSON.stringify()`: an object from each host to its value, or to what
   * {@linkcode ErrorResult.prototype.toJSON | ErrorResult.toJSON} gives. A value that is
   * `undefined` becomes `null`. As in every object, names that are whole numbers come first.
   *
   * @example
   * ```ts
   * import { Group, Local } from "@chopsticks/chopsticks";
   *
   * await using group = new Group([new Local("a"), new Local("b")]);
   * console.log(JSON.stringify(await group.call(Math.sqrt, 4))); // {"a":2,"b":2}
   * ```
   */
  toJSON(): Record<string, unknown> {
    // Without a prototype, a host may be called __proto__.
    const json: Record<string, unknown> = Object.create(null);
    for (const [host, result] of this) {
      // JSON would leave out a host whose value is undefined.
      json[host] = result instanceof ErrorResult ? result.toJSON() : result ?? null;
    }
    return json;
  }

  /**
   * A flat object for each host, for `console.table()` or a CSV: the host, and the properties of
   * its value if that is a plain object, else the value as `value`. A host without a value has the
   * reason as `error`.
   *
   * @example
   * ```ts
   * import { Group, Local } from "@chopsticks/chopsticks";
   * import { memory } from "@chopsticks/chopsticks/facts";
   *
   * await using group = new Group([new Local("a"), new Local("b")]);
   * console.table((await group.call(memory)).rows()); // host, total, available
   * ```
   */
  rows(): ({ host: string } & Record<string, unknown>)[] {
    return [...this].map(([host, result]) => {
      if (result instanceof ErrorResult) return { host, error: withoutHost(result.reason, host) };
      if (!isPlain(result)) return { host, value: result };
      const row = { host, ...result };
      row.host = host;
      return row;
    });
  }

  /** The same table as when it is printed. */
  override toString(): string {
    return inspect(this);
  }

  static {
    defineHandle<GroupResult<unknown>>(
      this.prototype,
      HandleKind.GROUP_RESULT,
      (result) => [...result],
      (...entries) => new GroupResult(entries.map(entryOf)),
    );
    defineLooks<GroupResult<unknown>>(this.prototype, {
      text: (result, show, options) => textTable(resultTable(result, show), options),
      html: (result, show) => resultHtml(resultTable(result, show)),
    });
  }
}

/** @throws {TypeError} If `data` is not an entry of a result. */
function entryOf(data: unknown): [string, unknown] {
  if (Array.isArray(data) && typeof data[0] === "string") return [data[0], data[1]];
  throw new TypeError("It has a result without a host");
}

function failureOf(failures: readonly (readonly [string, ErrorResult])[], size: number): Error {
  const hosts = new Map<string, string[]>();
  for (const [host, result] of failures) {
    const reason = withoutHost(result.reason, host);
    const names = hosts.get(reason) ?? [];
    hosts.set(reason, names);
    names.push(hostText(host));
  }
  const parts = [...hosts].map(([reason, names]) => `${foldNames(names).join(", ")}: ${reason}`);
  const counts = (["failed", "aborted", "skipped"] as const)
    .map((state) => ({ state, count: failures.filter(([, one]) => stateOf(one) === state).length }))
    .filter(({ count }) => count > 0)
    .map(({ state, count }, i) => `${count}${i === 0 ? ` of ${size} hosts` : ""} ${state}`);
  const summary = counts.join(", ");
  const text = `${summary}: ${parts.join("; ")}`;
  const failure: Failure = { name: "AggregateError", message: text, stack: null };
  const names = failures.map(([host]) => host).join(", ");
  const error = new RemoteError(names, "An operation", failure, text);
  error.cause = withoutOwnFrames(
    new AggregateError(failures.map(([, { error }]) => error), summary),
  );
  return error;
}
