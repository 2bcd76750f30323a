/**
 * The shell scripts that take Deno in at the far end. They run in the shell of `bootstrapLine()`,
 * use its variables and its function `b`, which starts the Deno at a path and returns only if it
 * does not come up, and answer with lines that begin with the marker:
 *
 * - `none-yet`: no interpreter was found. The far end drops all that was meant for an agent, up to
 *   a {@linkcode dropLine};
 * - `need …`: it has done that, and this is how the far end is. It waits for commands;
 * - `room FOLDER`, or `noroom REASONS`: whether there is a folder for Deno;
 * - `brought PATH`, or `unfit REASON`: whether Deno arrived and runs. The reason is `size BYTES
 *   ERRORS`, `hash`, `version OUTPUT`, `name` (it cannot be renamed) or `end` (it ended at once).
 *
 * @module
 */

import { wordOfPath } from "../connection/shell_quote.ts";
import { COMMANDS, LOADERS } from "./far_end.ts";

/** The file that is brought. */
export interface BroughtFile {
  readonly version: string;
  /** The only folder for it. Without it, usual folders are tried. */
  readonly folder: string | undefined;
  /** Whether it stays there. */
  readonly keep: boolean;
  /** A word that no other connection has. */
  readonly token: string;
}

/** The home folder may be unknown, and the others are everybody's, so they need the user's id. */
const FOLDERS: readonly string[] = [
  '"${XDG_CACHE_HOME:-${HOME:-/dev/null}/.cache}/chopsticks"',
  ...["${TMPDIR:-/tmp}", "/var/tmp", "/dev/shm"].map((path) => `"${path}/chopsticks-$_ci"`),
];

function nameOf({ version, keep, token }: BroughtFile): string {
  return keep ? `deno-${version}` : `deno-${version}-${token}`;
}

/**
 * Functions that all the other scripts need: `k NAME` calls the function NAME with each folder in
 * `_cd` until it is successful; `o` tells whether nobody else can have written to the folder.
 */
export function folderFunctions(file: BroughtFile): string {
  const folders = file.folder === undefined
    ? FOLDERS.join(" ")
    : wordOfPath(file.folder.replace(/(.)\/+$/, "$1"), "$_cL");
  return [
    `k() { _ci=$(id -u);for _cd in ${folders};do "$1"&&return;done;return 1;}`,
    'o() { set -- $(ls -ldn "$_cd");case $1 in d????-??-*)[ "$3" = "$_ci" ]||[ "$3" = 0 ];;' +
    "*)return 1;;esac;}",
    ...file.keep ? [] : [`r() { rm -f "$_cd/${nameOf(file)}";return 1;}`],
  ].join(";");
}

/** Removes a file that is not kept. */
export const REMOVE_SCRIPT = "k r";

/**
 * Starts the Deno that was brought earlier. If there is none, drops what was meant for an agent,
 * tells how the far end is, and does the commands of {@linkcode commandLine} from then on.
 *
 * `patience` is how long a Deno that is brought now may take to come up, in signs of life: there is
 * no other then.
 *
 * `sed` may read too much, so nothing may follow the {@linkcode dropLine} until there is an answer.
 * Without it, the shell reads byte by byte, which yash cannot do with bytes that are no text.
 */
export function needScript(file: BroughtFile, patience: number): string {
  const path = `"$_cd/${nameOf(file)}"`;
  return [
    ...file.keep ? [`u() { o&&[ -x ${path} ]&&b ${path};return 1;}`, "k u"] : [],
    `_cB=;_cW=${patience}`,
    'printf "%s none-yet\\n" $_csN >&4',
    '{ LC_ALL=C sed -n "/^$_csN\\$/q"||while IFS= read -r _cx&&[ "$_cx" != $_csN ];do :;done;} <&3',
    'printf "%s need %s;%s;%s;%s;%s;%s\\n" $_csN "$(uname -s)" "$(uname -m)" ' +
    '"$(command -v gzip)" "$(getconf GNU_LIBC_VERSION)" ' +
    `"$(for _cx in ${LOADERS.join(" ")};do [ -e $_cx ]&&printf "%s " $_cx;done)" ` +
    `"$(for _cx in ${COMMANDS.join(" ")};do command -v $_cx >&2||printf "%s " $_cx;done)" >&4`,
    'while IFS= read -r _cx <&3;do case $_cx in $_csN!*)eval "${_cx#"$_csN"!}";;esac;done',
  ].join(";");
}

/** The end of what {@linkcode needScript} drops, wherever the bytes before it end. */
export function dropLine(marker: string): string {
  return `\n${marker}\n`;
}

/** A command for {@linkcode needScript}. */
export function commandLine(marker: string, script: string): string {
  return `${marker}!${script}\n`;
}

/** Finds a folder that has room for Deno and that programs can run from. */
export function roomScript(file: BroughtFile, size: number): string {
  // Some for the blocks that a file system needs for itself.
  const needed = Math.ceil(size * 1.01 / 1024);
  const refuse = (reason: string): string => `{ rm -f "$_ct";_cr="$_cr; $_cd ${reason}";return 1;}`;
  return [
    "m() { _ct=",
    `(umask 077;mkdir -p "$_cd")||${refuse("cannot be made")}`,
    `o||${refuse("is another user's, or others may write to it")}`,
    `_ct="$_cd/.deno-${file.version}-${file.token}"`,
    `(umask 077;printf "#!/bin/sh\\n" >"$_ct")||${refuse("cannot be written to")}`,
    `chmod 700 "$_ct";"$_ct"||${refuse("runs no programs (noexec)")}`,
    // The words are those of a heading, and then the numbers, of which the third is what is free.
    'set -- $(LC_ALL=C df -Pk "$_cd")',
    `case \${11-} in ""|*[!0-9]*);;*)[ \${11} -ge ${needed} ]||` +
    `${refuse(`has \${11} KB free, and Deno takes ${needed}`)};;esac`,
    // Connections that were killed may have left parts behind.
    'for _cx in "$_cd"/.deno-*;do find "$_cx" -mtime +0 -exec rm -f {} ";";done',
    "return 0;}",
    "_cr=",
    'if k m;then printf "%s room %s\\n" $_csN "$_cd" >&4',
    'else printf "%s noroom %s\\n" $_csN "${_cr#; }" >&4;fi',
  ].join(";");
}

/** The bytes that follow a {@linkcode takeScript}. */
export interface Coming {
  /** How many bytes come through the pipe. */
  readonly bytes: number;
  readonly isPacked: boolean;
  /** How many bytes the file has. */
  readonly size: number;
  readonly sha256: string;
}

/** Takes Deno in, checks it, and starts it. */
export function takeScript(file: BroughtFile, coming: Coming): string {
  const { bytes, isPacked, size, sha256 } = coming;
  const path = `"$_cd/${nameOf(file)}"`;
  const from = '<"$_ct"';
  return [
    // Without quotes, a reason of several lines becomes one.
    'w() { rm -f "$_ct";set -f;printf "%s unfit" $_csN >&4;printf " %s" $1 >&4;echo >&4;set +f;' +
    "return 1;}",
    `g() { _cr=$({ head -c ${bytes} <&3${isPacked ? "|gzip -dc" : ""} >"$_ct";} 2>&1)`,
    'set -- $(ls -ln "$_ct")',
    `[ "$5" = ${size} ]||{ w "size \${5:-0} $_cr";return;}`,
    `_cr=$(sha256sum ${from}||shasum -a 256 ${from}||openssl dgst -sha256 ${from})`,
    `case $_cr in ""|*${sha256}*);;*)w hash;return;;esac`,
    'chmod 700 "$_ct";_cr=$("$_ct" --version 2>&1|head -c 400)',
    `case "$_cr " in "deno ${file.version}"[!0-9.]*);;*)w "version $_cr";return;;esac`,
    `mv -f "$_ct" ${path}||{ w name;return;}`,
    `printf "%s brought %s\\n" $_csN ${path} >&4;}`,
    `g&&{ b ${path};w end;}`,
  ].join(";");
}
