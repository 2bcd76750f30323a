import type { Group } from "../group/group.ts";
import type { BaseTunnel } from "./base_tunnel.ts";

let makeGroup: ((tunnel: BaseTunnel) => Group) | undefined;

/**
 * Tells how a group is made of a tunnel. Groups are built on tunnels, so the module of the group gives this
 * when it is loaded.
 */
export function setGrouping(make: (tunnel: BaseTunnel) => Group): void {
  makeGroup = make;
}

/**
 * A group of one tunnel.
 *
 * @throws {TypeError} If groups have not been loaded.
 */
export function groupOf(tunnel: BaseTunnel): Group {
  if (makeGroup === undefined) {
    throw new TypeError(
      `Cannot make a group of ${tunnel}: import it from mod.ts, which has groups`,
    );
  }
  return makeGroup(tunnel);
}
