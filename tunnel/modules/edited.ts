/** The `code` of the error for a module that was loaded here for certain, and edited since. */
export const EDITED = "ERR_EDITED";
