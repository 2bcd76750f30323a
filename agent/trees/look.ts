import { find, type Found, type Wish } from "../files/found.ts";
import { isGone } from "./unreadable.ts";
import { ContainedPaths } from "./contained_paths.ts";

/**
 * Looks at what is at some paths in the folder `root`. No link is followed.
 *
 * @param wish Which contents of files are wanted.
 * @returns What is there, in the order of the paths; `null` for nothing.
 */
export async function* look(
  root: string,
  paths: Iterable<string>,
  wish: Wish,
): AsyncGenerator<Found | null> {
  const contained = new ContainedPaths(root);
  try {
    for (const path of paths) {
      let at: string | undefined;
      try {
        at = contained.at(path);
      } catch (error) {
        // There is no such folder, or a file in its place.
        if (!isGone(error)) throw contained.describe(error, path);
      }
      yield at === undefined ? null : await find(at, wish, false);
    }
  } finally {
    contained.close();
  }
}
