import { spawnSync } from "node:child_process";

const versions: Map<string, number> = new Map();

/**
 * The version of an ssh, such as 9.2, or 0 if it is not OpenSSH or cannot be run. Each program is
 * asked once.
 */
export function sshVersion(program: string): number {
  let version = versions.get(program);
  if (version === undefined) {
    version = Number(saidBy(program).match(/OpenSSH_(?:for_Windows_)?(\d+\.\d+)/)?.[1] ?? 0);
    versions.set(program, version);
  }
  return version;
}

function saidBy(program: string): string {
  try {
    return `${spawnSync(program, ["-V"], { encoding: "utf8", timeout: 5_000 }).stderr}`;
  } catch {
    return saidToDeno(program);
  }
}

/** The same without `--allow-env`, which `node:child_process` needs for the variables. */
function saidToDeno(program: string): string {
  try {
    const { stderr } = new Deno.Command(program, { args: ["-V"], stdin: "null" }).outputSync();
    return new TextDecoder().decode(stderr);
  } catch {
    return "";
  }
}
