import { assertEquals, assertStringIncludes } from "@std/assert";
import { loginAdvice } from "../../../tunnel/login/login_advice.ts";

Deno.test("loginAdvice() finds the line that counts among others", () => {
  for (
    const [line, advice] of [
      ["sudo: sorry, you must have a tty to run sudo", "!requiretty"],
      ["sudo: Entschuldigung, Sie brauchen ein TTY (tty), um sudo zu benutzen", "!requiretty"],
      ["sudo: a password is required", "`sudo: { user, password }`"],
      ["sudo: 1 incorrect password attempt", "sudo refused the password"],
      ["Host key verification failed.", "StrictHostKeyChecking=accept-new"],
      ["Host key for web1 has changed and you have", "ssh-keygen -R HOST"],
      ["me@web1: Permission denied (publickey).", "say which user (`user`), or which key"],
      ["me@web1: Permission denied (publickey,password).", "or which password (`password`)"],
      ["ssh_askpass: exec(/tmp/x/ask): Permission denied", "TMPDIR"],
    ] as const
  ) {
    const found = loginAdvice(`Could not chdir: No such file\n${line}\nConnection closed\n`, true);
    assertEquals(found?.line, line);
    assertStringIncludes(found!.advice, advice);
  }
  assertEquals(loginAdvice("bash: sudo: command not found\n", true), undefined);
  assertEquals(loginAdvice("my program: no tty here\n", true), undefined);
  // A question about the key had no answer: that is said elsewhere.
  assertEquals(loginAdvice("Host key verification failed.\n", false), undefined);
});
