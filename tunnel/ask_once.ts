import { askAtTerminal, hasTerminal, interruptions } from "./login/terminal.ts";
import { visible } from "./visible.ts";

/**
 * Makes a function for the options `password` that asks at the terminal when the password is first
 * needed, and gives the same to all who share the function. Nothing is echoed.
 *
 * @param text The question, such as `sudo password`.
 * @returns The function. It rejects if there is no terminal, or no answer; then it asks anew when
 * it is called next.
 *
 * @example
 * ```ts
 * import { askOnce, Group } from "@chopsticks/chopsticks";
 *
 * const password = askOnce("Password of admin");
 * const web = new Group(["web1", "web2"], { ssh: { user: "admin", password } });
 * console.log(web.size); // 2
 * ```
 */
export function askOnce(text: string): () => Promise<string> {
  let answer: Promise<string> | undefined;
  return () => {
    answer ??= ask(text).catch((error) => {
      answer = undefined;
      throw error;
    });
    return answer;
  };
}

async function ask(text: string): Promise<string> {
  if (!hasTerminal()) throw new Error(`Cannot ask for ${text}: there is no terminal to ask at`);
  const answer = await askAtTerminal({
    text: () => `${visible(text)}: `,
    secret: true,
    signal: new AbortController().signal,
    since: interruptions(),
  });
  if (answer === undefined) throw new Error(`Cannot ask for ${text}: there was no answer`);
  return answer;
}
