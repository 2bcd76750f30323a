import {
  DENO_VARIABLES,
  EXIT_CODE_DIGITS,
  LOST,
  NO_DENO_DIR,
  NO_FOLDER,
  NO_LINE,
  NO_RUNTIME,
  TOLD,
  TOO_OLD,
  UNSET,
} from "../../agent/protocol/exit_code.ts";
import { exitHeader } from "./exit_notice.ts";
import { FIRST_STAGE } from "./first_stage.ts";
import { type InterpreterOptions, searchedPlaces } from "./interpreters.ts";
import {
  type BroughtFile,
  folderFunctions,
  needScript,
  REMOVE_SCRIPT,
} from "../provision/scripts.ts";
import { NEXT_LETTER, SIGN_START } from "./sign_remover.ts";
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
  /**
   * Milliseconds that connecting may take, or 0 for no limit. An interpreter that is not up after
   * half of it gives way to another.
   */
  readonly connectTimeout: number;
  /** Milliseconds between the signs of life that the shell writes to stderr. */
  readonly signInterval: number;
  /** The Deno that is brought along if no interpreter is found. */
  readonly brought?: BroughtFile | undefined;
  /** The agent's working folder. Without it, the agent runs in the folder of the shell. */
  readonly cwd?: string | undefined;
}

/** Exit codes inside of the shell: the next interpreter is to be tried. */
const NEXT = TOO_OLD;
const NEXT_AFTER_HANG = NO_FOLDER;

/** Half of it is the time for an interpreter if connecting has no limit, in milliseconds. */
const DEFAULT_TIMEOUT = 30_000;

/** The line of the bootstrap begins with it. */
const LINE_START = "_csN=";

/**
 * The agent's command, for any login shell: it holds only words that every shell, csh and fish
 * included, reads alike. The rest of the bootstrap is a line that comes through the pipe, so no
 * secret of `env` shows in a process list. If something else has read that line, such as an `rc`
 * file, no other is run in its place: the next ones hold the agent's code.
 */
export const AGENT_COMMAND: readonly string[] = [
  "sh",
  "-c",
  `IFS= read -r s&&case $s in ${LINE_START}*)eval "$s";;*)exit ${NO_LINE};esac`,
];

/** {@linkcode AGENT_COMMAND}, which first prints `word` on stderr to tell that it has begun. */
export function commandThatTells(word: string): readonly string[] {
  return ["sh", "-c", `printf %s ${word} >&2;${AGENT_COMMAND[2]}`];
}

/**
 * The line that {@linkcode AGENT_COMMAND} reads and runs. It prints lines that begin with the
 * marker: which interpreter it starts (`run deno /usr/bin/deno`), how one ended that did not come
 * up (`failed 126 /usr/bin/deno`, `failed hung …`, `old … is …`), or why it cannot start any
 * (`none`, `cwd`). The agent prints all that follows.
 *
 * The agent ends with its controller: `cat` relays the pipe to it, and when the pipe ends, by
 * whatever death of the controller, the shell kills the whole process group a moment later, even if
 * the agent's code is in an endless loop and would not notice. When the agent ends first, the shell
 * ends the others in its group, tells the exit code in an EXIT frame, and exits with it.
 *
 * Descriptor 5 leads from the interpreter and those beside it to the shell that judges it: the
 * first stage says `u` before it reads the pipe, the agent `s` and the seconds between the
 * controller's signs of life when the first of these has come, the script of the signs `t` and a
 * process id when the interpreter is overdue, and the shell `x` and the exit code at the end.
 */
export function bootstrapLine(options: BootstrapOptions): string {
  const { marker, permissionFlags, env, cwd, killGroup, signInterval, brought } = options;
  const places = searchedPlaces(options);
  // Deno would write its cache to the far end's disk.
  const noCache = options.useCache || "DENO_DIR" in env ? "" : `DENO_DIR=${NO_DENO_DIR} `;
  const remove = brought === undefined || brought.keep ? "" : `${REMOVE_SCRIPT};`;
  const signs = `sh -c '${signScript(signInterval)}' sh $_csN $_cW $$ 3<&- 4>&- 5>&5&`;
  const home = env["HOME"] === undefined ? '"$HOME"' : quoteLine(env["HOME"], "$_cL");
  const variables = Object.entries(env);
  const x = variables.length === 0 ? "" : "x;";
  const ticks = Math.ceil((options.connectTimeout || DEFAULT_TIMEOUT) / 2 / signInterval);
  // The marker is cut in two, so that a terminal that echoes this line does not print it.
  const markerWord = `${marker.slice(0, 8)}""${marker.slice(8)}`;
  const parts = [
    `_cU=${quote(FIRST_STAGE)}`,
    "exec 3<&0 4>&1 </dev/null >&2",
    cwd === undefined
      // No interpreter starts in a folder that its user may not enter, as may be under sudo.
      ? "cd . 2>/dev/null||cd /"
      // `cd` takes a bare `-` for the previous folder, and looks for other names in $CDPATH.
      : `cd -- ${
        pathWord(/^(\/|~\/|\.)/.test(cwd) ? cwd : `./${cwd}`, '"$HOME"')
      }||{ echo $_csN cwd >&4;exit ${NO_FOLDER};}`,
    // x: sets the agent's variables. They are not for the shell's own `cat` and `sleep`.
    ...variables.length === 0
      ? []
      : [`x() { ${
        variables.map(([name, value]) => `export ${name}=${quoteLine(value, "$_cL")};`).join("")
      }}`],
    // A shell reports how others ended, such as "Killed". The user should not see that.
    "exec 2>/dev/null",
    ...brought === undefined ? [] : [folderFunctions(brought)],
    // e: what to do when an agent has ended with $_cc. It ends the shell.
    "e() { " +
    // Nobody may read the pipe any more when the controller is gone.
    remove + (killGroup ? `[ $_cc = ${LOST} ]&&kill -9 0;` : "") +
    `trap "" TERM PIPE;printf "${
      octal(exitHeader(marker))
    }%0${EXIT_CODE_DIGITS}d%s" $_cc $_csN >&4;` +
    (killGroup ? `[ $_cc = ${TOLD} ]&&kill -9 0;` : "") +
    // The processes of the group that ignore TERM are killed a second later, in case that nobody
    // else does: a script that ends closes this pipe a moment before it is gone.
    "(sleep 1&&kill -9 0) >&2 3<&- 4>&- 6>&-& " +
    `kill 0;case $_cc in ${NEXT}|${NEXT_AFTER_HANG})exit ${NO_RUNTIME};esac;exit $_cc;}`,
    // f: finds an interpreter that was not tried yet; $1: a path, or a name in $PATH.
    `f() { case $1 in */*)_cp=$1;;*)${
      "PATH" in env ? '_cp=$(x;command -v "$1")||' : ""
    }_cp=$(command -v "$1")||return;;esac;` +
    'case "$_cT" in *":$_cp:"*)return 1;esac;[ -f "$_cp" ]&&[ -x "$_cp" ];}',
    // i: becomes an interpreter of the kind $_ck. The last arguments hand the values that variables
    // had to the agent, for the programs that the agent starts. Deno would ask its makers for a
    // newer version half a second after its start.
    "i() { if [ $_ck = deno ];then set -- run " +
    `${permissionFlags.map((flag) => quoteLine(flag, "$_cL")).join(" ")} ` +
    `--no-prompt --no-config --no-lock "$_cU" $_csN ${
      DENO_VARIABLES.map((name) => `"\${${name}-${UNSET}}"`).join(" ")
    };export ${noCache}DENO_NO_PACKAGE_JSON=1 DENO_NO_UPDATE_CHECK=1;` +
    "else set -- --experimental-vm-modules --no-warnings --input-type=module " +
    `-e "import'$_cU'" $_csN;fi;exec "$_cp" "$@" 2>&1 3<&3 4>&4 5>&5;}`,
    watchFunction(),
    // j: judges how an interpreter fares, and ends with the agent's exit code, or with one that
    // says to go on. One that hangs is waited for if there is no other; $@: the kinds and places
    // that are left; $_cB: whether Deno is brought after them. A TERM must not interrupt its
    // `read`, which would look like the end.
    "j() { trap '' TERM;_cq=$_cp;_cu=;_ch=;_ca=;while read -r _ca;do case $_ca in " +
    'u)_cu=1;;s*)z ${_ca#s}&;;x*)break;;*)if [ -z "$_cu" ];then ' +
    'while [ $1 ];do f "$2"&&break;shift 2;done;' +
    "[ $1$_cB ]&&_ch=hung&&kill -9 ${_ca#t};fi;;esac;done;" +
    // Some shells add 256 or 384 to the number of a signal, rather than 128.
    "_cc=${_ca#x};_cc=${_cc:-1};[ $_cc -gt 255 ]&&_cc=$((_cc%128+128));" +
    '[ "$_cu" ]&&e;' +
    `if [ $_cc = ${TOO_OLD} ];then (${x}"$_cq" --version)|{ read -r _ca;` +
    'printf "%s old %s is %s\\n" $_csN "$_cq" "$_ca" >&4;};' +
    'else printf "%s failed %s %s\\n" $_csN ${_ch:-$_cc} "$_cq" >&4;fi;' +
    // The end of its output: the two pipes need not arrive in order.
    `printf "${octal(SIGN_START)}%s${NEXT_LETTER}" $_csN;` +
    `[ $_ch ]&&exit ${NEXT_AFTER_HANG};exit ${NEXT};}`,
    "trap : TERM",
    // The relay. When `cat` ends by itself, the controller has closed the pipe or is gone. The
    // agent sees that too, unless its code never yields, and gets a moment to remove half-written
    // files. Not every `sleep` takes fractions. `cat` ends by SIGPIPE if the agent has ended first.
    // A TERM that is not from `e` ends neither shell, so `e` runs when the agent ends.
    '{ trap "exit 0" TERM;cat <&3&&exec >&2&&{ sleep .3||sleep 1;}&&' +
    `${
      remove === "" ? "kill -9 0" : `{ ${remove}kill -9 0;}`
    };} 4>&-|{ trap : TERM;exec 3<&0 6>&1 </dev/null`,
    'l() { while [ $1 ];do _ck=$1;_cm=$2;shift 2;f "$_cm"||continue',
    '_cT=$_cT$_cp:;printf "%s run %s %s\\n" $_csN $_ck "$_cp" >&4',
    `{ trap : TERM;(${signs} ${x && "x 2>&1;"}i);echo x$? >&5;} 5>&1 >&6 6>&-|(j "$@")`,
    // The second one that hangs must not take the rest of the time.
    `_cc=$?;case $_cc in ${NEXT});;${NEXT_AFTER_HANG})_cW=$((_cW/2+1));;*)exit $_cc;esac;done;}`,
    `_cT=:;_cB=${brought === undefined ? "" : 1};_cW=${ticks};l ${
      [
        ...places.deno.map((place) => `deno ${pathWord(place, home)}`),
        ...places.node.map((place) => `node ${pathWord(place, home)}`),
      ].join(" ")
    }`,
    // b: starts a Deno that was brought, which may take the place of one that did not come up; $1:
    // its path.
    ...brought === undefined ? [] : ['b() { _cT=:;l deno "$1";}', needScript(brought, ticks)],
    // Without the kill, the relay would wait for the end of the pipe.
    `echo $_csN none >&4;trap "" TERM;kill 0;exit ${NO_RUNTIME};}`,
  ];
  const script = parts.join(";");
  // A shell needs a process of its own to make a line break.
  const lineBreak = script.includes("$_cL") ? '_cL=$(printf "\\nx");_cL=${_cL%x};' : "";
  return `${LINE_START}${markerWord};${lineBreak}${script}\n`;
}

/**
 * The function `z`, which runs in the background and kills the process group when nothing has come
 * from the controller for six intervals of its signs of life; $1: the interval. The agent does so
 * itself, but not while its code does not yield.
 *
 * It looks at `cat`, which writes to the pipe that the agent reads: at what that has read, while it
 * waits for more, and not for the agent. So silence is never inferred from an agent that does not
 * read. It only counts once that number has grown, as some `cat` may have another way to read. On
 * Linux alone there is such a number. It looks for `cat` after the first interval, since that takes
 * as long as a tenth of a start, and at once reads the number for the first time.
 */
function watchFunction(): string {
  // It runs in a shell of its own, so its short names take the place of no variable.
  return "z() { trap - TERM;exec 4>&- 6>&-;sleep $1||sleep 1;r=;for x in /proc/[0-9]*;do " +
    '[ $x/fd/1 -ef /proc/self/fd/3 ]&&r="$r $x";done;' +
    "exec 3<&-;n=;o=;while :;do t=;for x in $r;do " +
    "s=;read -r s <$x/wchan;case $s in *read*|*data_wait*)s=;" +
    'read -r s <$x/io;case $s in rchar:*)t="$t $s";esac;esac;done;' +
    'if [ -z "$t" ];then n=${n:+0};elif [ "$t" = "$o" ];then ' +
    'n=${n:+$((n+1))};else n=${n:+0};[ "$o" ]&&n=0;fi;o=$t;' +
    "[ ${n:-0} -gt 6 ]&&kill -9 0;sleep $1||sleep 1||exit;done;}";
}

/**
 * The script that gives signs of life, beside the agent and as its child: a sign and how the
 * agent's process is (`T`: stopped) on stderr, now and then. When nobody reads stderr any more, it
 * kills the process group. `cat` does not see the end of the pipe while the agent does not read
 * what `cat` has for it, as in an endless loop. It does the same when the agent has ended and the
 * shells around it are gone, too, which would have done it.
 *
 * After as many signs as its second argument says, it tells on descriptor 5 that the interpreter
 * should be up.
 *
 * A failing write is a signal, an error or (ksh93) only the signal. Not every `sleep` takes
 * fractions.
 */
function signScript(interval: number): string {
  const seconds = interval / 1000;
  const pause = Number.isInteger(seconds) ? `sleep ${seconds}` : `sleep ${seconds}||sleep 1`;
  return `trap "kill -9 0" PIPE;c=0;while ${pause};do ` +
    "kill -0 $PPID||{ kill -0 $3||kill -9 0;exit;};" +
    `c=$((c+1));[ $c = $2 ]&&echo t$PPID >&5;s=;read -r s </proc/$PPID/stat;` +
    `printf "${octal(SIGN_START)}%s%.1s" $1 "\${s##*\\) }-"||kill -9 0;done`;
}

/** A path as a word of the shell; `~/` at its start stands for `home`. */
function pathWord(path: string, home: string): string {
  return path.startsWith("~/")
    ? `${home}/${quoteLine(path.slice(2), "$_cL")}`
    : quoteLine(path, "$_cL");
}

/** Bytes as the shell's `printf` reads them in a format. */
function octal(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => `\\${byte.toString(8)}`).join("");
}
