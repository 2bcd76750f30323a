/**
 * Shows the lines that are added to a file of another machine, until one of them has a text that
 * you wait for.
 *
 * The producer of a stream ends as soon as nobody reads the stream: after the `break` below, after
 * an abort, or with the connection.
 *
 * ```sh
 * deno run -A examples/follow.ts                                         # a file of this machine
 * deno run -A examples/follow.ts /var/log/syslog Started www.example.com # of a host, over ssh
 * ```
 */
import { spawn } from "node:child_process";
import { Readable } from "node:stream";
import { Local, Tunnel, visible } from "../mod.ts";

// This runs at the far end.
function follow(path: string): ReadableStream<string> {
  const child = spawn("tail", ["-n", "+1", "-F", path], { stdio: ["ignore", "pipe", "inherit"] });
  // Some versions of tail do not notice that nobody reads their output.
  child.stdout.once("close", () => child.kill());
  const bytes = Readable.toWeb(child.stdout) as ReadableStream<Uint8Array<ArrayBuffer>>;
  return bytes.pipeThrough(new TextDecoderStream());
}

await using cleanup = new AsyncDisposableStack();

/** Makes a file that grows, if none was given. */
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
  // A host must not control this terminal.
  await Deno.stdout.write(new TextEncoder().encode(visible(text)));
  seen = (seen + text).slice(-10_000);
  if (seen.includes(awaited)) break;
}
