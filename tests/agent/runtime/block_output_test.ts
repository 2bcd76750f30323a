import { assertEquals } from "@std/assert";
import { Local } from "../../../mod.ts";
import { needing, NODE_MAJORS, service } from "../../services/services.ts";

const LINES = 2000;

/** Prints lines in several ways, to a reader that is slow, and gives what failed. */
async function print(fd: 1 | 2, count: number): Promise<string[]> {
  const { execFileSync } = await import("node:child_process");
  const { writeSync } = await import("node:fs");
  const { default: process } = await import("node:process");
  const lines = (text: string): string => `${text.repeat(1023)}\n`.repeat(count);
  const name = fd === 1 ? "stdout" as const : "stderr" as const;
  const failed: string[] = [];
  const attempt = async (name: string, write: () => unknown): Promise<void> => {
    try {
      await write();
    } catch (error) {
      failed.push(`${name}: ${error}`);
    }
  };
  const write = (text: string): void => {
    const bytes = new TextEncoder().encode(lines(text));
    for (let at = 0; at < bytes.length;) at += writeSync(fd, bytes, at);
  };
  await attempt("writeSync", () => write("a"));
  await attempt("the console", () => console[fd === 1 ? "log" : "error"](lines("b").trimEnd()));
  await attempt("writeSync behind the console", () => write("c"));
  await attempt("a program", () => {
    const code = `require("node:fs").writeSync(1, ${JSON.stringify("d".repeat(1023))} + "\\n")`;
    execFileSync(process.execPath, ["-e", code], { stdio: ["ignore", fd, "ignore"] });
  });
  await attempt("the stream", () =>
    new Promise<void>((resolve, reject) => {
      process[name].write(lines("e"), (error) => error ? reject(error) : resolve());
    }));
  // A program that shares the pipe may change it, as Node does.
  await attempt("another Node", () => {
    const code = `process.${name}.write("")`;
    execFileSync(process.execPath, ["-e", code], { stdio: ["ignore", 1, 2] });
  });
  await attempt("the console behind it", () => console.error(lines("f").trimEnd()));
  const { fd: number, isTTY } = process[name];
  if (number !== fd || isTTY) failed.push(`${name} has other properties`);
  return failed;
}

for (const major of NODE_MAJORS) {
  for (const fd of [1, 2] as const) {
    const name = `all that is printed to descriptor ${fd} arrives, however slow we are, on Node`;
    Deno.test(needing("node", `${name} ${major}`, async () => {
      const counts: Record<string, number> = {};
      let torn = 0;
      await using tun = new Local("here", {
        runtime: "node",
        node: service("node").paths[major]!,
        stderr(line) {
          counts[line[0]!] = (counts[line[0]!] ?? 0) + 1;
          if (line !== line[0]!.repeat(1023)) torn++;
          // The pipe fills meanwhile.
          if (counts[line[0]!]! % 500 === 0) { for (let i = 0; i < 3e6; i++) Math.sqrt(i); }
        },
      });
      assertEquals(await tun.call(print, fd, LINES), []);
      await tun.close();
      const { a, b, c, d, e, f } = counts;
      assertEquals([a, b, c, d, e, f], [LINES, LINES, LINES, 1, LINES, LINES]);
      assertEquals(torn, 0);
    }));
  }
}
