/**
 * The contract of the three programs that start one another at the far end: the shell, the first
 * stage and the agent. It says how each of them tells why it ended, and what they must agree on.
 * The controller writes the first two of them, and reads what all three say.
 *
 * @module
 */

/** The shell exits with this code if it cannot enter the working folder. */
export const NO_FOLDER = 90;

/** The first stage exits with this code if its interpreter is too old. The shell tries the next. */
export const TOO_OLD = 91;

/** The shell exits with this code if it has found no interpreter that is new enough. */
export const NO_RUNTIME = 92;

/** The agent exits with this code if it ended because the controller is gone. */
export const LOST = 93;

/** The shell exits with this code if the first line that it reads is not the bootstrap's. */
export const NO_LINE = 94;

/** The agent exits with this code if nothing has come from the controller for a long time. */
export const SILENCE = 95;

/** The agent exits with this code if it ended because the controller told it to. */
export const TOLD = 96;

/**
 * The exit code's decimal digits in the payload of an EXIT frame. The connection's marker follows
 * them, and nothing else.
 */
export const EXIT_CODE_DIGITS = 3;

/** The oldest Deno that has all that an agent needs: `vm.SourceTextModule`. */
export const OLDEST_DENO = "2.9";

/** The oldest Node that agents are tested with. */
export const OLDEST_NODE = "18";

/**
 * The shell sets `DENO_DIR` to this path, which cannot exist, so that Deno caches nothing on the
 * disk.
 */
export const NO_DENO_DIR = "/dev/null/none";

/**
 * Variables that the shell sets for Deno's start. The agent takes that back, so that the programs
 * it starts do not see it.
 */
export const DENO_VARIABLES = ["DENO_DIR", "DENO_NO_PACKAGE_JSON", "DENO_NO_UPDATE_CHECK"] as const;

/** The value that the shell hands to the agent of a variable that is not set. */
export const UNSET = "?";
