import fs from "node:fs";

// Windows lacks all of these but the first.
const { O_RDONLY, O_WRONLY, O_NOFOLLOW = 0, O_NONBLOCK = 0, O_DIRECTORY = 0 } = fs.constants;

/** Linux has these, but Node does not name them. */
const O_PATH = 0o10000000;
const O_TMPFILE = 0o20000000;

/** Opens a file for reading. A link in its place is not followed, and a pipe is not waited for. */
export const READ_NO_FOLLOW: number = O_RDONLY | O_NOFOLLOW | O_NONBLOCK;

/**
 * Opens a folder, on Linux only, for nothing but to reach what is in it. That takes no permission
 * to read the folder.
 */
export const ENTER: number = O_PATH | O_DIRECTORY;

/** Like {@linkcode ENTER}, but does not follow a link. */
export const ENTER_NO_FOLLOW: number = ENTER | O_NOFOLLOW;

/** Opens a new file without a name in a folder, on Linux only. */
export const WRITE_NAMELESS: number = O_TMPFILE | O_DIRECTORY | O_WRONLY;
