import fs from "node:fs";

// Windows lacks all of these but the first.
const { O_RDONLY, O_NOFOLLOW = 0, O_NONBLOCK = 0, O_DIRECTORY = 0 } = fs.constants;

/** Linux has it, but Node does not name it. */
const O_PATH = 0o10000000;

/** Opens a file for reading. A link in its place is not followed, and a pipe is not waited for. */
export const READ_NO_FOLLOW: number = O_RDONLY | O_NOFOLLOW | O_NONBLOCK;

/**
 * Opens a folder, on Linux only, for nothing but to reach what is in it. That takes no permission
 * to read the folder.
 */
export const ENTER: number = O_PATH | O_DIRECTORY;

/** Like {@linkcode ENTER}, but does not follow a link. */
export const ENTER_NO_FOLLOW: number = ENTER | O_NOFOLLOW;
