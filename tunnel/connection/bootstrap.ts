import { Buffer } from "node:buffer";
import { FIRST_STAGE, OLDEST_DENO, OLDEST_NODE, TOO_OLD } from "./first_stage.ts";
import { quote, quoteLine } from "./shell_quote.ts";

/** What the shell at the far end needs to know to start an agent. */
export interface BootstrapOptions {
  /** A word nobody else prints; it marks what the shell and the agent say on stdout. */
  readonly marker: string;
  /** Which interpreters to look for. */
  readonly runtime: "deno" | "node" | "auto";
  /** The one Deno to use, a path or a name in `$PATH`; else the usual places are searched. */
  readonly deno?: string | undefined;
  /** The one Node to use, likewise. */
  readonly node?: string | undefined;
  /** An interpreter that is known to be there; tried first, unless the one to use is given. */
  readonly own?: { readonly kind: "deno" | "node"; readonly path: string } | undefined;
  /** Whether Deno may use its cache there, which makes it start faster, and write to it. */
  readonly useCache: boolean;
  /** Flags for `deno run` that say what the agent may do. */
  readonly permissionFlags: readonly string[];
  /** Variables for the agent. */
  readonly env: Readonly<Record<string, string>>;
  /**
   * Whether the shell has to see to it that nothing of its process group outlives the agent.
   * A controller that can signal the group does it better: it leaves no orphans.
   */
  readonly killGroup: boolean;
  /** The agent's working folder; else the one the shell starts in. */
  readonly cwd?: string | undefined;
}

/** Exit code for a working folder that cannot be entered. */
export const NO_FOLDER = 90;
/** Exit code for no interpreter that would do. */
export const NO_RUNTIME = 92;
/** Exit code of an agent that ended as it was told to. */
export const ORDERLY = 93;

/**
 * The agent's command, for any login shell: all it holds are words that every
 * shell, csh and fish included, reads alike. The rest of the bootstrap is a line
 * that comes through the pipe, so no secret of `env` shows in a process list.
 */
export const AGENT_COMMAND: readonly string[] = ["sh", "-c", 'IFS= read -r s&&eval "$s"'];

const DENO_PLACES = [
  "deno",
  "~/.deno/bin/deno",
  "/usr/local/bin/deno",
  "/opt/homebrew/bin/deno",
  "/usr/bin/deno",
  "/snap/bin/deno",
];

const NODE_PLACES = [
  "node",
  "nodejs",
  "/usr/local/bin/node",
  "/opt/homebrew/bin/node",
  "/usr/bin/node",
  "~/.volta/bin/node",
  "~/.nvm/current/bin/node",
];

/** The places where an interpreter is looked for, in order. */
export function searchedPlaces(
  options: Pick<BootstrapOptions, "runtime" | "deno" | "node" | "own">,
): { deno: readonly string[]; node: readonly string[] } {
  const { runtime, own } = options;
  const placesOf = (kind: "deno" | "node", usual: readonly string[]): readonly string[] => {
    if (runtime !== "auto" && runtime !== kind) return [];
    const given = options[kind];
    if (given !== undefined) return [given];
    return own?.kind === kind ? [own.path, ...usual] : usual;
  };
  return { deno: placesOf("deno", DENO_PLACES), node: placesOf("node", NODE_PLACES) };
}

/**
 * The line that {@linkcode AGENT_COMMAND} reads and runs. On stdout it says, each
 * line led by the marker, which interpreter it starts (`run deno /usr/bin/deno`),
 * or why it cannot (`none …`, `cwd`); what follows is the agent's own.
 *
 * How the agent ends with its controller: `cat` relays the pipe to it. When the
 * pipe ends, by whatever death of the controller, the whole process group is
 * killed a moment later, even if the agent's code is in an endless loop and would not notice.
 * When the agent ends first, the others in its group are ended, and its exit
 * code is told in a last frame and by the shell's own.
 */
export function bootstrapLine(options: BootstrapOptions): string {
  const { marker, permissionFlags, env, cwd, killGroup } = options;
  const places = searchedPlaces(options);
  const code = Buffer.from(FIRST_STAGE).toString("base64");
  const url = `data:text/javascript;base64,${code}`;
  // What Deno caches would be written to the far end's disk; what it was told is kept for the agent's children.
  const noCache = options.useCache || "DENO_DIR" in env ? "" : "DENO_DIR=/dev/null/none ";
  const parts = [
    // In two parts, so that a terminal that echoes this line does not say the marker.
    `_csN=${marker.slice(0, 8)}""${marker.slice(8)}`,
    '_csL=$(printf "\\nx");_csL=${_csL%x}',
    `_csU=${quote(url)}`,
    "exec 3<&0 4>&1 </dev/null >&2",
    cwd === undefined
      // A folder that sudo's other user may not enter would stop the interpreters.
      ? "cd . 2>/dev/null||cd /"
      // `-` by itself would be the folder before, and others would be looked for in $CDPATH.
      : `cd -- ${
        path(/^(\/|~\/|\.)/.test(cwd) ? cwd : `./${cwd}`)
      }||{ printf "%s cwd\\n" $_csN >&4;exit ${NO_FOLDER};}`,
    ...Object.entries(env).map(([name, value]) => `export ${name}=${quoteLine(value, "$_csL")}`),
    // What the shells would say of the ends of the others, such as "Killed", is not for the user.
    "exec 2>/dev/null",
    "_csO=",
    // $1: exit code, $2: path. Goes on only if the interpreter is too old.
    `e() { _csc=$1;if [ $_csc = ${TOO_OLD} ];then _csv=$("$2" --version);_csO="$_csO $2 is \${_csv%%"$_csL"*};";return;fi;` +
    (killGroup ? `if [ $_csc = ${ORDERLY} ];then kill -9 0;fi;` : "") +
    `printf "\\365\\305\\11\\0\\0\\0\\0\\0\\0\\0\\0\\43%03d%s" $_csc $_csN >&4;trap "" TERM;` +
    // Those of the group that do not heed TERM are killed a second later.
    (killGroup ? "(sleep 1&&kill -9 0) >&2 3<&- 4>&-& " : "") +
    "kill 0;exit $_csc;}",
    // $1: kind, $2: where it may be, or a name in $PATH.
    'f() { _csp=$(command -v "$2")&&[ -f "$_csp" ]&&[ -x "$_csp" ]||return;printf "%s run %s %s\\n" $_csN $1 "$_csp" >&4;}',
    `d() { f deno "$1"||return;_csD=\${DENO_DIR-};(${noCache}DENO_NO_PACKAGE_JSON=1 "$_csp" run ` +
    `${
      permissionFlags.map((flag) => quoteLine(flag, "$_csL")).join(" ")
    } --no-prompt --no-config --no-lock "$_csU" $_csN "$_csD" 2>&1);e $? "$_csp";}`,
    `n() { f node "$1"||return;("$_csp" --experimental-vm-modules --no-warnings --input-type=module ` +
    `-e "import'$_csU'" $_csN 2>&1);e $? "$_csp";}`,
    "trap : TERM",
    // Not at SIGPIPE, when the agent has ended first.
    // The agent, too, sees the end of the pipe now, unless its code never lets it: time to remove half-written files.
    // Not every sleep knows fractions.
    '{ trap "exit 0" TERM;cat <&3&&exec >&2&&{ sleep .3||sleep 1;}&&kill -9 0;} 4>&-|{ exec 3<&0 </dev/null',
    ...places.deno.map((place) => `d ${path(place)}`),
    ...places.node.map((place) => `n ${path(place)}`),
    // The relay would wait for the end of the pipe.
    `printf "%s none %s\\n" $_csN "$_csO" >&4;trap "" TERM;kill 0;exit ${NO_RUNTIME};}`,
  ];
  return parts.join(";") + "\n";
}

/** How the versions that would do are called in an error. */
export const WANTED: Readonly<Record<"deno" | "node", string>> = {
  deno: `Deno ${OLDEST_DENO} or newer`,
  node: `Node ${OLDEST_NODE} or newer`,
};

/** A path as a word of the shell; `~/` at its start is the home folder there. */
function path(place: string): string {
  return place.startsWith("~/")
    ? `"$HOME"/${quoteLine(place.slice(2), "$_csL")}`
    : quoteLine(place, "$_csL");
}
