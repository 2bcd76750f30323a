import { assertEquals } from "@std/assert";
import { sshQuestion } from "../../../tunnel/login/ssh_question.ts";

/** The kind, and whether the answer is secret. */
function kindOf(text: string, confirm = false, isMarked = true): [string, boolean] {
  const { kind, secret } = sshQuestion(text, confirm, isMarked);
  return [kind, secret];
}

Deno.test("sshQuestion() knows the questions of ssh", () => {
  const key = "The authenticity of host 'web1 (10.0.0.1)' can't be established.\n" +
    "ED25519 key fingerprint is SHA256:abc.\nThis key is not known by any other names.\n" +
    "Are you sure you want to continue connecting (yes/no/[fingerprint])? ";
  assertEquals(kindOf(key), ["hostkey", false]);
  assertEquals(sshQuestion(key, false, true).host, "web1");
  assertEquals(kindOf("Please type 'yes', 'no' or the fingerprint: "), ["hostkey", false]);
  assertEquals(kindOf("Enter passphrase for key '/home/me/.ssh/id': "), ["passphrase", true]);
  assertEquals(kindOf("Enter PIN for ED25519-SK key /home/me/.ssh/id: "), ["other", true]);
  assertEquals(kindOf("Accept updated hostkeys? (yes/no): "), ["other", false]);
  assertEquals(kindOf("Allow use of key id?", true), ["other", false]);
  const { kind, user, host } = sshQuestion("me@corp@web1's password: ", false, true);
  assertEquals([kind, user, host], ["password", "me@corp", "web1"]);
});

Deno.test("sshQuestion() concludes nothing from a server's own words", () => {
  for (
    const words of [
      "Enter passphrase for key '/home/me/.ssh/id': ",
      "me@other's password: ",
      "The authenticity of host 'other' can't be established (yes/no)? ",
      "Password: ",
    ]
  ) {
    const marked = sshQuestion(`(me@web1) ${words}`, false, true);
    assertEquals([marked.kind, marked.secret, marked.user, marked.host], [
      ...["other", true, "me", "web1"],
    ]);
    // An older ssh does not mark them, so its own words are no more certain.
    if (!words.startsWith("The auth")) assertEquals(kindOf(words, false, false), ["other", true]);
  }
  assertEquals(
    sshQuestion("(me@web1) \x1b[2JCode: ", false, true).text,
    "(me@web1) \\x1b[2JCode: ",
  );
});

Deno.test("sshQuestion() makes visible whom a server names, where ssh does not name the host", () => {
  for (const words of ["(\x1b[2Ja@\x1b[2Jb) Code: ", "\x1b[2Ja@\x1b[2Jb's password: "]) {
    const { user, host } = sshQuestion(words, false, true);
    assertEquals([user, host], ["\\x1b[2Ja", "\\x1b[2Jb"]);
  }
  const key = "The authenticity of host '\x1b[2Jb' can't be established.\n";
  assertEquals(sshQuestion(key, false, true).host, "\\x1b[2Jb");
});

Deno.test("sshQuestion() gives the host's password to nothing but the host", () => {
  const isLogin = (text: string, isMarked: boolean) => sshQuestion(text, false, isMarked).isLogin;
  for (const isMarked of [true, false]) {
    assertEquals(isLogin("me@web1's password: ", isMarked), true);
    assertEquals(isLogin("Enter PIN for ED25519-SK key /home/me/.ssh/id: ", isMarked), false);
    assertEquals(isLogin("Enter passphrase for key '/home/me/.ssh/id': ", isMarked), false);
  }
  assertEquals(isLogin("(me@web1) Password: ", true), true);
  assertEquals(isLogin("Password: ", false), true);
  // An odd host name must not make a server's words ssh's own.
  const odd = sshQuestion("(me@od(d) root@prod's password: ", false, true);
  assertEquals([odd.kind, odd.secret], ["other", true]);
});
