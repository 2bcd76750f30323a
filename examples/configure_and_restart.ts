/**
 * Puts a configuration file on web servers, side by side, and then restarts a service there. If a
 * server fails, the script ends with an error that names it.
 *
 * ```sh
 * deno run -A examples/configure_and_restart.ts   # three processes of this machine
 * deno run -A examples/configure_and_restart.ts \
 *   uwsgi.ini /srv/www/supervisor/uwsgi.ini "supervisorctl restart uwsgi" www1 www2 www3
 * ```
 */
import { Group, Local, type PutSource } from "../mod.ts";
import { sh } from "../agent/sh.ts";

const [file, path = "uwsgi.ini", restart = "cat uwsgi.ini", ...names] = Deno.args;

const config: PutSource = file ?? { text: "[uwsgi]\nprocesses = 4\n" };
await using cleanup = new AsyncDisposableStack();
const hosts = names.length > 0 ? names : ["www1", "www2", "www3"].map((name) => {
  const cwd = Deno.makeTempDirSync({ prefix: `${name}-` });
  cleanup.defer(() => Deno.remove(cwd, { recursive: true }));
  return new Local(name, { cwd });
});

await using webservers = new Group(hosts);
(await webservers.put(config, path)).raiseFailures();
const restarted = await webservers.call(sh, restart);
restarted.raiseFailures();
console.log(restarted);
