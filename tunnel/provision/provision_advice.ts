/** The end of an error about a far end without an interpreter, if Deno could be brought there. */
export const PROVISION_ADVICE =
  "; `provision: true` would bring Deno along: about 45 MB are sent once, and 96 MB are kept there";
