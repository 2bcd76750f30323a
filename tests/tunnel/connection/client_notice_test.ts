import { assertEquals } from "@std/assert";
import { findOutputNotice } from "../../../tunnel/connection/client_notice.ts";

const find = (text: string): number | undefined => findOutputNotice(new TextEncoder().encode(text));

Deno.test("findOutputNotice() finds what kubectl says of a pod that has ended", () => {
  assertEquals(find('pod "box-1.a" deleted\n'), 0);
  assertEquals(find('\xf5\xc5pod "box" deleted from shop namespace\r\n'), 4);
  const long = "a".repeat(5_000);
  assertEquals(find(`${long}pod "box" deleted\n`), long.length);
  for (
    const other of ["", "\n", 'pod "box" deleted', 'pod "box" deleted\n\n', 'pods "b" deleted\n']
  ) {
    assertEquals(find(other), undefined, other);
  }
});
