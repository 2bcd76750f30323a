import { assert, assertEquals, assertMatch } from "@std/assert";
import process from "node:process";
import type { Question } from "../../../mod.ts";
import { Login, type LoginConnection, type LoginOptions } from "../../../tunnel/login/login.ts";
import { SudoPassword } from "../../../tunnel/login/sudo_password.ts";
import { soon } from "../_deadline.ts";

/** A login whose process does not exist, and what became of it. */
class Attempt {
  readonly login: Login;
  readonly written: string[] = [];
  readonly failures: string[] = [];
  closed = 0;
  readonly #connection: LoginConnection = {
    process: {
      pid: process.pid,
      pipe: {
        write: (chunks) => {
          for (const chunk of chunks) this.written.push(new TextDecoder().decode(chunk));
          return true;
        },
        close: () => void this.closed++,
      },
    },
    onDrain() {},
    fail: (text) => void this.failures.push(text),
    failAtEnd: (text) => void this.failures.push(text),
    pause() {},
    resume() {},
    isWanted: () => true,
  };

  constructor(options: Omit<LoginOptions, "host">) {
    this.login = new Login({ host: "web1", ...options });
    this.login.begin(this.#connection);
  }

  /** Prints on the stderr of the process. */
  print(text: string): string {
    return new TextDecoder().decode(this.login.handleStderr(new TextEncoder().encode(text)));
  }
}

Deno.test("a far end that prints sudo's prompt over and over is refused once", async () => {
  let asked = 0;
  const sudo = new SudoPassword(() => {
    asked++;
    return "secret";
  });
  const attempt = new Attempt({ ask: undefined, sudo });
  assertEquals(attempt.print(`x${sudo.prompt}y`), "xy");
  // The answer comes in microtasks.
  await new Promise((resolve) => setTimeout(resolve, 0));
  assertEquals([asked, attempt.written, attempt.failures], [1, ["secret\n"], []]);
  for (let i = 0; i < 10; i++) assertEquals(attempt.print(sudo.prompt.repeat(1_000)), "");
  assertEquals(attempt.failures, ["sudo refused the password"]);
  assertEquals([asked, attempt.closed, attempt.written.length], [1, 1, 1]);
  attempt.login.end();
});

Deno.test("a server that asks ever more is given up, whatever its words are", async () => {
  const questions: Question[] = [];
  const attempt = new Attempt({
    ssh: 9.2,
    ask: (question) => {
      questions.push(question);
      return "answer";
    },
  });
  const { SSH_ASKPASS, CHOPSTICKS_LOGIN } = attempt.login.env;
  const folder = SSH_ASKPASS!.replace(/\/ask$/, "");
  const asking = (async () => {
    for (let i = 0; attempt.failures.length === 0; i++) {
      assert(i < 1_000);
      const file = `${folder}/q.${CHOPSTICKS_LOGIN}.${i}`;
      Deno.writeTextFileSync(`${folder}/w`, `${process.pid}\n\n(me@web1) Code ${i}: \n`);
      Deno.renameSync(`${folder}/w`, file);
      if (i % 10 > 0) continue;
      while (Array.from(Deno.readDirSync(folder)).some(({ name }) => name.startsWith("q."))) {
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    }
  })();
  await soon(asking, "the refusal");
  assertMatch(attempt.failures[0]!, /^ssh asked more than 50 questions$/);
  assertEquals(questions.length, 50);
  attempt.login.end();
});
