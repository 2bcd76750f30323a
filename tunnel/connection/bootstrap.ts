import { Buffer } from "node:buffer";
import {
  EXIT_CODE_DIGITS,
  NO_DENO_DIR,
  NO_FOLDER,
  NO_RUNTIME,
  ORDERLY,
  TOO_OLD,
} from "../../agent/protocol/exit_code.ts";
import { exitHeader } from "./exit_notice.ts";
import { FIRST_STAGE } from "./first_stage.ts";
import { type InterpreterOptions, searchedPlaces } from "./interpreters.ts";
import { SIGN_START } from "./sign_remover.ts";
import { quote, quoteLine } from "./shell_quote.ts";

/** Options for {@linkcode bootstrapLine}: what the shell at the far end needs to start an agent. */
export interface BootstrapOptions extends InterpreterOptions {
  /** A word that nobody else prints. It marks the lines of the shell and the agent on stdout. */
  readonly marker: string;
  /** Whether Deno may use its cache there, and write to it, which makes it start faster. */
  readonly useCache: boolean;
  /** Flags for `deno run` that say what the agent may do. */
  readonly permissionFlags: readonly string[];
  /** Variables for the agent. */
  readonly env: Readonly<Record<string, string>>;
  /**
   * Whether the shell has to end all of its process group at once when the agent has ended. A
   * controller that can signal the group does it better, since it leaves no orphans.
   */
  readonly killGroup: boolean;
  /** Milliseconds between the signs of life that the shell writes to stderr. */
  readonly signInterval: number;
  /** The agent's working folder. Without it, the agent runs in the folder of the shell. */
  readonly cwd?: string | undefined;
}

/**
 * The agent's command, for any login shell: it holds only words that every shell, csh and fish
 * included, reads alike. The rest of the bootstrap is a line that comes through the pipe, so no
 * secret of `env` shows in a process list.
 */
export const AGENT_COMMAND: readonly string[] = ["sh", "-c", 'IFS= read -r s&&eval "$s"'];

/** {@linkcode AGENT_COMMAND}, which first prints `word` on stderr to tell that it has begun. */
export function commandThatTells(word: string): readonly string[] {
  return ["sh", "-c", `printf %s ${word} >&2;${AGENT_COMMAND[2]}`];
}

/**
 * The line that {@linkcode AGENT_COMMAND} reads and runs. It prints lines that begin with the
 * marker: which interpreter it starts (`run deno /usr/bin/deno`), or why it cannot start one
 * (`none …`, `cwd`). The agent prints all that follows.
 *
 * The agent ends with its controller: `cat` relays the pipe to it, and when the pipe ends, by
 * whatever death of the controller, the shell kills the whole process group a moment later, even if
 * the agent's code is in an endless loop and would not notice. When the agent ends first, the shell
 * ends the others in its group, tells the exit code in an EXIT frame, and exits with it.
 */
export function bootstrapLine(options: BootstrapOptions): string {
  const { marker, permissionFlags, env, cwd, killGroup, signInterval } = options;
  const places = searchedPlaces(options);
  const code = Buffer.from(FIRST_STAGE).toString("base64");
  const url = `data:text/javascript;base64,${code}`;
  // Deno would write its cache to the far end's disk. `d` hands the value that DENO_DIR had to the
  // agent, for the programs that the agent starts.
  const noCache = options.useCache || "DENO_DIR" in env ? "" : `DENO_DIR=${NO_DENO_DIR} `;
  const signs = `sh -c '${signScript(signInterval)}' sh $_csN 3<&- 4>&-&`;
  const parts = [
    // The marker is cut in two, so that a terminal that echoes this line does not print it.
    `_csN=${marker.slice(0, 8)}""${marker.slice(8)}`,
    '_csL=$(printf "\\nx");_csL=${_csL%x}',
    `_csU=${quote(url)}`,
    "exec 3<&0 4>&1 </dev/null >&2",
    cwd === undefined
      // No interpreter starts in a folder that its user may not enter, as may be under sudo.
      ? "cd . 2>/dev/null||cd /"
      // `cd` takes a bare `-` for the previous folder, and looks for other names in $CDPATH.
      : `cd -- ${
        pathWord(/^(\/|~\/|\.)/.test(cwd) ? cwd : `./${cwd}`)
      }||{ printf "%s cwd\\n" $_csN >&4;exit ${NO_FOLDER};}`,
    ...Object.entries(env).map(([name, value]) => `export ${name}=${quoteLine(value, "$_csL")}`),
    // A shell reports how others ended, such as "Killed". The user should not see that.
    "exec 2>/dev/null",
    "_csO=",
    // e: what to do when an interpreter has ended; $1: its exit code, $2: its path.
    // It returns only if the interpreter is too old, and ends the shell otherwise. For what a
    // signal has ended, ksh93 and yash have codes of their own: 256 or 384 and its number.
    `e() { _csc=$1;[ $_csc -gt 255 ]&&_csc=$((_csc%128+128));if [ $_csc = ${TOO_OLD} ];then _csv=$("$2" --version);_csO="$_csO $2 is \${_csv%%"$_csL"*};";return;fi;` +
    (killGroup ? `if [ $_csc = ${ORDERLY} ];then kill -9 0;fi;` : "") +
    `printf "${octal(exitHeader(marker))}%0${EXIT_CODE_DIGITS}d%s" $_csc $_csN >&4;trap "" TERM;` +
    // The processes of the group that ignore TERM are killed a second later, in case that nobody
    // else does: a script that ends closes this pipe a moment before it is gone.
    "(sleep 1&&kill -9 0) >&2 3<&- 4>&-& " +
    "kill 0;exit $_csc;}",
    // f: finds an interpreter; $1: its kind, $2: a path, or a name in $PATH.
    'f() { _csp=$(command -v "$2")&&[ -f "$_csp" ]&&[ -x "$_csp" ]||return;printf "%s run %s %s\\n" $_csN $1 "$_csp" >&4;}',
    `d() { f deno "$1"||return;_csD=\${DENO_DIR-};(${signs}${noCache}DENO_NO_PACKAGE_JSON=1 exec "$_csp" run ` +
    `${
      permissionFlags.map((flag) => quoteLine(flag, "$_csL")).join(" ")
    } --no-prompt --no-config --no-lock "$_csU" $_csN "$_csD" 2>&1 3<&3 4>&4);e $? "$_csp";}`,
    `n() { f node "$1"||return;(${signs}exec "$_csp" --experimental-vm-modules --no-warnings --input-type=module ` +
    `-e "import'$_csU'" $_csN 2>&1 3<&3 4>&4);e $? "$_csp";}`,
    "trap : TERM",
    // The relay. When `cat` ends by itself, the controller has closed the pipe or is gone. The
    // agent sees that too, unless its code never yields, and gets a moment to remove half-written
    // files. Not every `sleep` takes fractions. `cat` ends by SIGPIPE if the agent has ended first.
    // A TERM that is not from `e` ends neither shell, so `e` runs when the agent ends.
    '{ trap "exit 0" TERM;cat <&3&&exec >&2&&{ sleep .3||sleep 1;}&&kill -9 0;} 4>&-|{ trap : TERM;exec 3<&0 </dev/null',
    ...places.deno.map((place) => `d ${pathWord(place)}`),
    ...places.node.map((place) => `n ${pathWord(place)}`),
    // Without the kill, the relay would wait for the end of the pipe.
    `printf "%s none %s\\n" $_csN "$_csO" >&4;trap "" TERM;kill 0;exit ${NO_RUNTIME};}`,
  ];
  return parts.join(";") + "\n";
}

/**
 * The script that gives signs of life, beside the agent and as its child: a sign and how the
 * agent's process is (`T`: stopped) on stderr, now and then. When nobody reads stderr any more, it
 * kills the process group. `cat` does not see the end of the pipe while the agent does not read
 * what `cat` has for it, as in an endless loop.
 *
 * A failing write is a signal, an error or (ksh93) only the signal. Not every `sleep` takes
 * fractions.
 */
function signScript(interval: number): string {
  const seconds = interval / 1000;
  const pause = Number.isInteger(seconds) ? `sleep ${seconds}` : `sleep ${seconds}||sleep 1`;
  return `trap "kill -9 0" PIPE;while ${pause};do kill -0 $PPID||exit;s=;read -r s </proc/$PPID/stat;` +
    `printf "${octal(SIGN_START)}%s%.1s" $1 "\${s##*) }-"||kill -9 0;done`;
}

/** A path as a word of the shell; `~/` at its start is the home folder there. */
function pathWord(path: string): string {
  return path.startsWith("~/")
    ? `"$HOME"/${quoteLine(path.slice(2), "$_csL")}`
    : quoteLine(path, "$_csL");
}

/** Bytes as the shell's `printf` reads them in a format. */
function octal(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => `\\${byte.toString(8)}`).join("");
}
