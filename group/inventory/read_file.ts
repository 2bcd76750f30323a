import { readFile } from "node:fs/promises";
import type { Entries } from "./entries.ts";
import { readData } from "./inventory_data.ts";

/**
 * Reads an inventory from a JSON or YAML file.
 *
 * @param path Its path; one that ends with `.json` is JSON, any other YAML.
 * @throws {Error} If it cannot be read, or has another form.
 */
export async function readInventoryFile(path: string): Promise<Entries> {
  if (/\.(ini|cfg)$/.test(path)) {
    throw new TypeError('it is not JSON or YAML: write "ansible:PATH" to have Ansible read it');
  }
  const text = await readFile(path, "utf8");
  return readData(path.endsWith(".json") ? JSON.parse(text) : await parseYaml(text));
}

/** The package is loaded only here: most scripts have no YAML. */
async function parseYaml(text: string): Promise<unknown> {
  const { parseDocument } = await import("npm:yaml@2.9.1");
  const document = parseDocument(text, { merge: true });
  // Warnings are about tags that are not understood, such as one of Ansible's vaults.
  const [problem] = [...document.errors, ...document.warnings];
  // Behind the first line is an excerpt of the file.
  if (problem !== undefined) throw new TypeError(problem.message.split(":\n")[0]);
  return document.toJS();
}
