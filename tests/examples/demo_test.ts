import { assertEquals, assertMatch } from "@std/assert";

const DEMO = new URL("../../examples/demo.ts", import.meta.url);

Deno.test("examples/demo.ts tells of this machine", async () => {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", DEMO.href],
    stdin: "null",
  }).output();
  const [out, err] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  assertEquals(code, 0, err);
  assertMatch(
    out!,
    new RegExp(`^\\nLocal\\('here'\\)\\n  Hello from process \\d+ on ${Deno.hostname()}\\n`),
  );
  assertMatch(out!, /squares made there: 1,4,9\n/);
  assertMatch(out!, /\nGroupResult: 2 ok\n +name +version .*\n {2}here,there \(2\) {2}deno +/);
  assertMatch(err!, /\[here\] what is printed there is shown here\n/);
});
