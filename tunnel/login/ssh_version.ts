import { spawnSync } from "node:child_process";

const versions: Map<string, number> = new Map();

/**
 * The version of an ssh, such as 9.2, or 0 if it is not OpenSSH or cannot be run. Each program is
 * asked once.
 */
export function sshVersion(program: string): number {
  let version = versions.get(program);
  if (version === undefined) {
    try {
      const { stderr } = spawnSync(program, ["-V"], { encoding: "utf8", timeout: 5_000 });
      version = Number(`${stderr}`.match(/OpenSSH_(?:for_Windows_)?(\d+\.\d+)/)?.[1] ?? 0);
    } catch {
      version = 0;
    }
    versions.set(program, version);
  }
  return version;
}
