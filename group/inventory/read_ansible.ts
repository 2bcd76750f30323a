import { execFile } from "node:child_process";
import process from "node:process";
import { isPlain } from "../table/plain.ts";
import { visible } from "../../tunnel/visible.ts";
import type { Entries, HostEntry } from "./entries.ts";

const PROGRAM = "ansible-inventory";

/** An inventory of a hundred thousand hosts has less, in bytes. */
const MAX_OUTPUT = 2 ** 30;

/** Has Ansible read one of its inventories, of whatever kind. */
export async function readAnsible(path: string): Promise<Entries> {
  const list: unknown = JSON.parse(await ansibleInventory(path));
  if (!isPlain(list)) throw new TypeError(`${PROGRAM} gave no object`);
  const { _meta: meta, ...groups } = list;
  const hostvars = isPlain(meta) && isPlain(meta.hostvars) ? meta.hostvars : {};
  const hosts = new Map<string, HostEntry>();
  const add = (name: string): unknown =>
    hosts.has(name) || hosts.set(name, {
      connect: {},
      vars: Object.hasOwn(hostvars, name) ? hostvars[name] as HostEntry["vars"] : {},
    });
  const members = Object.entries(groups).filter(([, group]) => isPlain(group)).map(
    ([name, group]) => {
      const own = namesIn(group, "hosts");
      own.forEach(add);
      return [name, [...own, ...namesIn(group, "children")]] as const;
    },
  );
  // Hosts without a group are in "ungrouped"; this is for plugins that forget it.
  Object.keys(hostvars).forEach(add);
  // A group without members is not listed, but may be a child.
  const known = new Set(members.map(([name]) => name));
  return {
    hosts,
    groups: new Map(
      members.filter(([name]) => name !== "all").map(([name, names]) => [name, [{
        names: names.filter((one) => hosts.has(one) || known.has(one)),
        isExclusion: false,
      }]]),
    ),
  };
}

function namesIn(group: unknown, key: "hosts" | "children"): string[] {
  const names = (group as Record<string, unknown>)[key];
  return Array.isArray(names) ? names.map(String) : [];
}

function ansibleInventory(path: string): Promise<string> {
  // Without this variable, a file that is not there is an inventory without hosts.
  const env = { ...process.env, ANSIBLE_INVENTORY_UNPARSED_FAILED: "true" };
  return new Promise((resolve, reject) => {
    const args = ["-i", path, "--list"];
    execFile(PROGRAM, args, { env, maxBuffer: MAX_OUTPUT }, (error, stdout, stderr) => {
      if (error === null) return resolve(stdout);
      const isMissing = (error as NodeJS.ErrnoException).code === "ENOENT";
      reject(
        new Error(
          isMissing
            ? `there is no ${PROGRAM}: install Ansible (ansible-core)`
            : visible(stderr.trim()) || `${PROGRAM} failed with code ${error.code}`,
        ),
      );
    });
  });
}
