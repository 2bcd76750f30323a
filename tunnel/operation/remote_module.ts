import type { FunctionPlace } from "../../agent/protocol/request.ts";
import { callerOf } from "../own_frames.ts";
import { type Call, preparePlaceCall } from "./call.ts";

/**
 * A stand-in for a module at the far end, which calls the function that a property names.
 *
 * @param url The module's URL.
 * @param perform Makes a call.
 */
export function remoteModule(
  url: string | URL,
  perform: (call: Call<unknown>) => Promise<unknown>,
): object {
  const { href } = new URL(url);
  const places = new Map<string, FunctionPlace>();
  return new Proxy(Object.create(null), {
    get(_, name) {
      // `await` looks for `then`, and a stand-in is not a promise.
      if (typeof name === "symbol" || name === "then") return undefined;
      let place = places.get(name);
      if (place === undefined) {
        place = { module: href, path: [name] };
        places.set(name, place);
      }
      const known = place;
      return async function call(...args: unknown[]): Promise<unknown> {
        return await perform(preparePlaceCall(known, args, callerOf(call)));
      };
    },
  });
}
