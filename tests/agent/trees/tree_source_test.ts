import { assert, assertEquals } from "@std/assert";
import { seal, unseal } from "../../../agent/trees/sealed_message.ts";
import { TreeMessage } from "../../../agent/trees/tree_entry.ts";
import { TreeSource } from "../../../agent/trees/tree_source.ts";
import { Folder } from "../../tunnel/operation/_files.ts";
import { pipePair } from "../wire/_memory_pipe.ts";

/** Enough for many messages of entries: an answer comes while the last of them are made. */
const FILES = 4_000;

Deno.test("TreeSource.send() sends files that are wanted while it lists others", async () => {
  await using folder = await Folder.create();
  for (let i = 0; i < FILES; i++) folder.write(`${i}`, `${i}`);
  // The next message waits until the last one has arrived.
  const pair = pipePair({ capacity: 0 });
  const [left, right] = await pair.channel();
  const options = { exclusions: [], checksum: false, maxCost: Infinity };
  const sending = new TreeSource(left, folder.path, options).send();
  const kinds: unknown[] = [];
  const contents = new Map<string, string>();
  const paths: string[] = [];
  for (let message; (message = await right.receive()) !== undefined;) {
    const [kind, items] = unseal(message.bytes, Infinity) as [number, unknown[]];
    kinds.push(kind);
    if (kind === TreeMessage.ENTRIES) {
      const first = paths.length;
      for (const [path] of items as [string][]) paths.push(path);
      // All but the root.
      right.send(seal(paths.map((_, i) => i).slice(Math.max(1, first))));
    } else if (kind === TreeMessage.LISTED) right.send(seal(null));
    else {
      for (const [index, bytes] of items as [number, Uint8Array][]) {
        contents.set(paths[index]!, new TextDecoder().decode(bytes));
      }
    }
  }
  await sending;
  right.end();
  await pair.assertNothingOpen();
  const isEarly = kinds.indexOf(TreeMessage.FILES) < kinds.indexOf(TreeMessage.LISTED);
  assert(isEarly, `the messages were ${kinds.join()}`);
  assertEquals(contents.size, FILES);
  for (const [path, text] of contents) assertEquals(text, path);
});
