import { Turns } from "../../../agent/trees/turns.ts";

Deno.test("Turns.next() lets others have theirs", async () => {
  const turns = new Turns();
  let isDone = false;
  setTimeout(() => isDone = true);
  while (!isDone) await turns.next();
});
