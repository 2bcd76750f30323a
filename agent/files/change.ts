/** How much a put changes, as the far end tells it. */
export const Change = {
  /** The file has the contents and the mode already. */
  NONE: 0,
  /** It has the contents, but another mode. */
  MODE: 1,
  /** It is missing, or has other contents. */
  CONTENTS: 2,
} as const;

/** One of the values of {@linkcode Change}. */
export type ChangeLevel = (typeof Change)[keyof typeof Change];
