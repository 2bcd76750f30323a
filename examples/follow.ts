/**
 * Shows the lines that are added to a file of another machine, until one of them has a text that
 * you wait for.
 *
 * The command there ends as soon as nobody reads its lines: after the `break` below, after an
 * abort, or with the connection.
 *
 * ```sh
 * deno run -A examples/follow.ts                                         # a file of this machine
 * deno run -A examples/follow.ts /var/log/syslog Started www.example.com # of a host, over ssh
 * ```
 */
import { lines } from "../agent/sh.ts";
import { Local, Tunnel, visible } from "../mod.ts";

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
for await (const line of await tun.call(lines, ["tail", "-n", "+1", "-F", path])) {
  console.log(visible(line)); // a host must not control this terminal
  if (line.includes(awaited)) break;
}
