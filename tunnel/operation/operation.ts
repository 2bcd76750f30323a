import type { Link } from "./link.ts";

/**
 * A thing to do on one connection, or on several. Its arguments and options were checked and copied
 * when it was prepared: it is the same on every connection, whatever changes meanwhile.
 */
export interface Operation<T> {
  /**
   * Settles when it is known whether the operation can be done at all, if that takes time; rejects
   * with what is wrong with it. Where several hosts are concerned, none is begun before. It may be
   * left uncaught, because `perform` rejects too.
   */
  readonly ready: Promise<unknown> | undefined;
  /** Ends the operation, beside the signals of the links. */
  readonly signal: AbortSignal | undefined;
  /** Does it over one link. */
  perform(link: Link): Promise<T>;
}
