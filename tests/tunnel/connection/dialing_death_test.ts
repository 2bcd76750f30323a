import { assertEquals } from "@std/assert";
import { listProcesses } from "../../services/processes.ts";
import { needing, service } from "../../services/services.ts";
import { newMark, untilGone } from "../_family.ts";

const CONTROLLER = new URL("../fixture/dialing_controller.ts", import.meta.url).pathname;

Deno.test(needing(["ssh"], "an ssh that is still dialling ends with its controller", async () => {
  const { config, silent } = service("ssh");
  const mark = newMark();
  const args = ["-F", config, "-o", `IdentityFile=/nowhere/${mark}`];
  const controller = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", CONTROLLER, silent, ...args],
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  const dialling = () =>
    listProcesses().filter(({ pid, command }) =>
      pid !== controller.pid && command.includes(mark) && !command.includes(CONTROLLER)
    );
  const isGuarded = () =>
    listProcesses().filter(({ parent }) => parent === controller.pid).length > dialling().length;
  while (dialling().length === 0 || !isGuarded()) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const family = dialling();
  controller.kill("SIGKILL");
  assertEquals((await controller.status).signal, "SIGKILL");
  await untilGone(family);
}));
