/**
 * How many bytes are sent to connect and to make a first call, in relation to 16 KB:
 * `deno run -A tests/bench/bytes_bench.ts`.
 *
 * @module
 */
import { SubprocessTunnel, type TunnelOptions } from "../../mod.ts";
import { printRatio, printTitle } from "./_measure.ts";
import { add } from "./_remote.ts";

const AIM = 16_000;

/** A local tunnel that also writes all that it sends to a file. */
class Recorded extends SubprocessTunnel {
  override readonly host = "recorded";
  readonly #file: string;

  constructor(file: string, options: TunnelOptions) {
    super(options);
    this.#file = file;
  }

  override command(): string[] {
    return ["sh", "-c", 'tee "$0" | "$@"', this.#file];
  }
}

/** Prints the ratios. */
export async function run(): Promise<void> {
  printTitle("Bytes sent to connect and to make a first call / 16 KB (less is better)");
  const file = await Deno.makeTempFile();
  try {
    for (const runtime of ["deno", "node"] as const) {
      for (
        const [what, call] of [
          ["a built-in", (tunnel: Recorded) => tunnel.call(Date.now)],
          ["a closure", (tunnel: Recorded) => tunnel.call((a: number) => a + AIM, 1)],
          [
            "a closure with a Float64Array",
            (tunnel: Recorded) =>
              tunnel.call((list: Float64Array) => list.length, new Float64Array(1)),
          ],
          ["a function of a module", (tunnel: Recorded) => tunnel.call(add, 1, 2)],
        ] as const
      ) {
        await using tunnel = new Recorded(file, { runtime, deno: Deno.execPath() });
        try {
          await call(tunnel);
        } catch (error) {
          console.log(`  ${runtime}: ${(error as Error).message}`);
          break;
        }
        const { size } = await Deno.stat(file);
        const title = `${runtime} agent, ${what}`;
        // The others need parts of the agent that come with them.
        const aim = /built-in$|closure$/.test(what) ? { aim: 1 } : {};
        printRatio({ what: title, ours: size, baseline: AIM, unit: "bytes", ...aim });
      }
    }
  } finally {
    await Deno.remove(file);
  }
}

if (import.meta.main) await run();
