import { assertEquals } from "@std/assert";
import { quote, quoteLine } from "../../../tunnel/connection/shell_quote.ts";
import { command, which } from "../../services/command.ts";

const TEXTS = [
  ...["", " ", "plain", "/a/b-c_d.e:f,g=h@i%j+k", "a b", '"', "$HOME", "`id`", "$(id)", "*", "~"],
  ...["#", "a;b", "a&b", "a|b", "a>b", "(a)", "{a,b}", "[a]", "?", "^", "-n", "é🥢", "\t", "\x01"],
];
const POSIX_TEXTS = [...TEXTS, "'", "it's", "''", "'\\''", "\\", "\\n", "a\\", "!", "!!", "\n"];

/** The words that a shell reads in `script`, which prints a NUL after each. */
async function words(shell: string, script: string): Promise<string[]> {
  const { stdout, problem } = await command([shell, "-c", script]);
  assertEquals(problem, "");
  return stdout.split("\0").slice(0, -1);
}

Deno.test("quote() gives one word of any login shell", async (t) => {
  for (const name of ["sh", "dash", "bash", "zsh", "fish", "tcsh", "csh", "ksh"]) {
    const path = which(name);
    if (path === undefined) continue;
    const texts = /csh|fish/.test(name) ? TEXTS : POSIX_TEXTS;
    await t.step(name, async () => {
      const script = `printf '%s\\0' ${texts.map(quote).join(" ")}`;
      assertEquals(await words(path, script.replace("'%s\\0'", `"%s\\0"`)), texts);
    });
  }
});

Deno.test("quoteLine() gives one word on one line", async () => {
  const texts = [...POSIX_TEXTS, "a\nb", "\n\n", "'\n'", "a\n"];
  const script = `printf '%s\\0' ${texts.map((text) => quoteLine(text, "$nl")).join(" ")}`;
  assertEquals(script.includes("\n"), false);
  assertEquals(await words("/bin/sh", `nl='\n'; ${script}`), texts);
});
