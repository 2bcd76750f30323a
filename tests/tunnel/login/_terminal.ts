import { soon } from "../_deadline.ts";

const MOD = new URL("../../../mod.ts", import.meta.url).href;

/** A script in a terminal of its own. */
export interface Terminal extends AsyncDisposable {
  /** All that the terminal has shown. */
  readonly screen: string;
  /** Presses keys. */
  type(keys: string): Promise<void>;
  /** Waits until the terminal has shown something so many times, and returns the screen. */
  until(pattern: RegExp, times?: number): Promise<string>;
  /** Waits for the end of the script, and returns what `stty -a` says before and after it. */
  end(): Promise<{ readonly before: string; readonly after: string }>;
}

/**
 * Runs a script in a terminal.
 *
 * @param code Its code. All that `mod.ts` exports is in `lib`, and `at(host, options)` makes an
 * SSHTunnel with the ssh service's configuration.
 * @param values Constants for the code.
 * @param jobs Whether a shell with job control runs it, and stays when it has ended.
 */
export async function inTerminal(
  code: string,
  values: Readonly<Record<string, unknown>> = {},
  jobs = false,
): Promise<Terminal> {
  const folder = await Deno.makeTempDir();
  const constants = Object.entries(values).map(([name, value]) =>
    `const ${name} = ${JSON.stringify(value)};\n`
  );
  await Deno.writeTextFile(
    `${folder}/script.ts`,
    `import * as lib from ${JSON.stringify(MOD)};\n${constants.join("")}${code}\n`,
  );
  const deno = `'${Deno.execPath()}' run -A --no-check --no-config '${folder}/script.ts'`;
  const script = jobs ? "bash --norc --noprofile -i" : deno;
  const line = `trap : INT; stty -a >'${folder}/before'; ${script}; stty -a >'${folder}/after'`;
  const child = new Deno.Command("script", {
    args: ["-qefc", line, "/dev/null"],
    env: { SHELL: "/bin/sh", PS1: "$ " },
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  let screen = "";
  let changed = Promise.withResolvers<void>();
  const read = (async () => {
    for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
      screen += text;
      changed.resolve();
      changed = Promise.withResolvers();
    }
  })();
  const stderr = new Response(child.stderr).text();
  const terminal: Terminal = {
    get screen() {
      return screen;
    },
    type: (keys) => writer.write(new TextEncoder().encode(keys)),
    async until(pattern, times = 1) {
      const all = new RegExp(pattern.source, `${pattern.flags}g`);
      while ((screen.match(all)?.length ?? 0) < times) {
        await soon(changed.promise, `${pattern} in ${JSON.stringify(screen)}`);
      }
      return screen;
    },
    async end() {
      await soon(child.status, `the end of the script, after ${JSON.stringify(screen)}`);
      await read;
      const [before, after] = await Promise.all(
        ["before", "after"].map((name) => Deno.readTextFile(`${folder}/${name}`)),
      );
      return { before: before!, after: after! };
    },
    async [Symbol.asyncDispose]() {
      await writer.close().catch(() => {});
      try {
        child.kill("SIGKILL");
      } catch {
        // It has ended.
      }
      await Promise.all([child.status, read, stderr]);
      await Deno.remove(folder, { recursive: true });
    },
  };
  if (jobs) await terminal.type(`${deno}\r`);
  return terminal;
}
