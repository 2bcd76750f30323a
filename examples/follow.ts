/**
 * Shows what is added to a file of another machine, until something that you wait for is there.
 *
 * A stream as a result ends where it is produced as soon as nobody reads it: by the `break` below, by an
 * abort, or with the connection.
 *
 * ```sh
 * deno run -A examples/follow.ts                                         # a file of this machine
 * deno run -A examples/follow.ts /var/log/syslog Started www.example.com # of a host, over ssh
 * ```
 */
import { spawn } from "node:child_process";
import { Readable } from "node:stream";
import { Local, Tunnel, visible } from "../mod.ts";

// This runs there.
function follow(path: string): ReadableStream<string> {
  const child = spawn("tail", ["-n", "+1", "-F", path], { stdio: ["ignore", "pipe", "inherit"] });
  // Not every tail notices by itself that nobody reads it.
  child.stdout.once("close", () => child.kill());
  const bytes = Readable.toWeb(child.stdout) as ReadableStream<Uint8Array<ArrayBuffer>>;
  return bytes.pipeThrough(new TextDecoderStream());
}

await using cleanup = new AsyncDisposableStack();

/** A file that grows, for want of another. */
async function growingFile(): Promise<string> {
  const path = await Deno.makeTempFile();
  const steps = ["reading the configuration", "opening the database", "ready"];
  const timer = setInterval(() => {
    const step = steps.shift();
    if (step !== undefined) Deno.writeTextFileSync(path, `${step}\n`, { append: true });
  }, 100);
  cleanup.defer(async () => {
    clearInterval(timer);
    await Deno.remove(path);
  });
  return path;
}

const [path = await growingFile(), awaited = "ready", host] = Deno.args;

await using tun = host === undefined ? new Local() : new Tunnel(host);
let seen = "";
for await (const text of await tun.call(follow, path)) {
  // A host is not to control this terminal.
  await Deno.stdout.write(new TextEncoder().encode(visible(text)));
  seen = (seen + text).slice(-10_000);
  if (seen.includes(awaited)) break;
}
