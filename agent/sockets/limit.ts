/**
 * The most connections that one forward carries at once. Each takes up to a channel's window of
 * memory, 2 MiB, while its reader is slow.
 */
export const MAX_CONNECTIONS = 500;
