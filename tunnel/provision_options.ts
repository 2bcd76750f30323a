import type { FileProgress } from "./file_options.ts";

/** Options for bringing Deno to a far end that has no interpreter for an agent. */
export interface ProvisionOptions {
  /**
   * The folder at the far end that Deno is written to: an absolute path, or one that starts with
   * `~/`. It is made if it is missing; no other user may be able to write to it.
   *
   * @default {the first that can be used of `~/.cache/chopsticks` (or below `$XDG_CACHE_HOME`), and
   * of folders in `$TMPDIR`, `/var/tmp`, `/tmp` and `/dev/shm`}
   */
  readonly folder?: string | undefined;
  /**
   * Whether the file stays there, so that the next connection finds it. Otherwise each connection
   * brings a file of its own, which is removed when the tunnel is closed.
   *
   * @default {true}
   */
  readonly keep?: boolean | undefined;
  /**
   * The binary to bring, or a `.gz` of it: a path, or a URL (`file:`, `https:`, `http:`). It is
   * read where the tunnel is opened, and nobody checks ahead whether it fits the far end.
   *
   * @default {the Deno that runs the script at the first controller where that fits, or else npm's
   * package of the version}
   */
  readonly from?: string | URL | undefined;
  /**
   * The version of Deno. A binary of another version is refused.
   *
   * @default {the version that runs this script}
   */
  readonly version?: string | undefined;
  /** Called as bytes are sent, and once at the end. If it throws, connecting fails. */
  readonly onProgress?: ((progress: FileProgress) => void) | undefined;
}
