import { assertEquals } from "@std/assert";
import { command } from "../../services/command.ts";
import { needing, service } from "../../services/services.ts";

const CODE = `
import fs from "node:fs";
import { startGuardShell } from ${
  JSON.stringify(import.meta.resolve("../../../tunnel/connection/guard_shell.ts"))
};
const open = [];
let code;
try {
  for (;;) open.push(fs.openSync("/dev/null"));
} catch (error) {
  code = error.code;
}
try {
  startGuardShell("read s", []);
} catch (error) {
  console.log(code, error.message);
}
for (const fd of open) fs.closeSync(fd);
// What the process emits comes after this turn.
setTimeout(async () => {
  const shell = startGuardShell("read s", []);
  console.log(shell.tellAtOnce("end"));
  await shell.kill();
  console.log("ended");
}, 10);`;

Deno.test(needing(
  "node",
  "startGuardShell() throws for want of descriptors on Node, and does not end the script",
  async () => {
    const node = service("node").paths["26"];
    const args = [node, "--disable-warning=ExperimentalWarning", "--input-type=module", "-e", CODE];
    const { stdout, problem } = await command([
      "sh",
      "-c",
      'ulimit -n 64;exec "$@"',
      "sh",
      ...args,
    ]);
    const expected = "EMFILE Cannot start sh: too many files are open\ntrue\nended";
    assertEquals(stdout.trim() || problem, expected);
  },
));
