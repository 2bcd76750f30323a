import { assertEquals } from "@std/assert";
import { withV8 } from "../../../tunnel/modules/v8.ts";

const TWO = { result: { type: "number", value: 2, description: "2" } };

Deno.test("V8Session.post() answers at once, also after scripts were loaded meanwhile", () => {
  withV8("Cannot add", (session) => {
    session().readScripts();
    for (let i = 0; i < 3; i++) {
      // V8 tells the session of this script, which is answered in the next tick only.
      assertEquals(new Function(`return ${i}`)(), i);
      assertEquals(session().post("Runtime.evaluate", { expression: "1 + 1" }), TWO);
    }
  });
});
