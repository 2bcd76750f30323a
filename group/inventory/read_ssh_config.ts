import * as fs from "node:fs/promises";
import { homedir, userInfo } from "node:os";
import { dirname, resolve } from "node:path";
import type { Directive, Line, Section } from "npm:ssh-config@5.3.0";
import type { Entries, HostEntry } from "./entries.ts";

/** The system's file, which ssh reads after the user's. */
const SYSTEM = "/etc/ssh/ssh_config";

/** What is a pattern rather than the name of a host. */
const PATTERN = /[*?]|^!/;

/** How deep files may include files, as in ssh. */
const MAX_DEPTH = 16;

/**
 * The hosts that a file of ssh's configuration names: patterns and `Match` are no hosts.
 *
 * @param path The file; without it, those that ssh itself reads.
 * @throws {Error} If it cannot be read.
 */
export async function readSSHConfig(path?: string): Promise<Entries> {
  const home = userInfo().homedir;
  // ssh looks into the home folder of the user, whatever $HOME says.
  const own = path === undefined && homedir() === home;
  const first = path ?? `${homedir()}/.ssh/config`;
  const names = new Set(await namesIn(first, `${homedir()}/.ssh`));
  if (own) { for (const name of await namesIn(SYSTEM, dirname(SYSTEM), true)) names.add(name); }
  const connect = own ? {} : { sshArgs: ["-F", resolve(first)] };
  const entry: HostEntry = { connect, vars: {} };
  return { hosts: new Map([...names].map((name) => [name, entry])), groups: new Map() };
}

async function namesIn(
  path: string,
  folder: string,
  mayBeMissing = false,
  depth = 0,
): Promise<string[]> {
  if (depth > MAX_DEPTH) throw new Error(`${path} is included too deeply: files may include it`);
  let text: string;
  try {
    text = await fs.readFile(path, "utf8");
  } catch (error) {
    if (mayBeMissing && (error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
  const { default: SSHConfig } = await import("npm:ssh-config@5.3.0");
  const names: string[] = [];
  for (const line of SSHConfig.parse(text)) {
    if (isNamed(line, "host")) names.push(...wordsOf(line).filter((word) => !PATTERN.test(word)));
    for (const pattern of includesOf(line)) {
      for (const file of await filesOf(pattern, folder)) {
        names.push(...await namesIn(file, folder, true, depth + 1));
      }
    }
  }
  return names;
}

/** What is included for all hosts. Under another `Host`, it would hold for that one only. */
function includesOf(line: Line): string[] {
  if (isNamed(line, "include")) return wordsOf(line);
  const isForAll = isNamed(line, "host") && wordsOf(line).join() === "*" ||
    isNamed(line, "match") && wordsOf(line).join().toLowerCase() === "all";
  return isForAll ? (line as Section).config.flatMap(includesOf) : [];
}

/** The files that the pattern of an `Include` means, in order. */
async function filesOf(pattern: string, folder: string): Promise<string[]> {
  const path = resolve(folder, pattern.replace(/^~(?=\/)/, homedir()));
  if (!/[*?[]/.test(path)) return [path];
  const files: string[] = [];
  for await (const file of fs.glob(path)) files.push(file);
  return files.sort();
}

function isNamed(line: Line, name: string): line is Directive {
  return "param" in line && line.param.toLowerCase() === name;
}

function wordsOf({ value }: Directive): string[] {
  return typeof value === "string" ? [value] : value.map(({ val }) => val);
}
