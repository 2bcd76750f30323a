import { assertEquals, assertMatch } from "@std/assert";
import { Local } from "../../../mod.ts";
import { permissionFlags } from "../../../tunnel/arguments/permission_flags.ts";

const NO_IMPORT = ["--deny-import", "--no-remote", "--no-npm"];

Deno.test("permissionFlags() takes the form of Deno.test's permissions", () => {
  assertEquals(permissionFlags(undefined), ["-A"]);
  const flags = (permissions: Deno.PermissionOptions): string[] =>
    permissionFlags(permissions).filter((flag) => !NO_IMPORT.includes(flag));
  assertEquals(flags("none"), []);
  assertEquals(flags({}), []);
  assertEquals(flags({ net: true, read: false, env: ["A", "B"], write: [] }), [
    "--allow-env=A,B",
    "--allow-net",
  ]);
  assertEquals(flags({ read: [new URL("file:///a%20b"), "c"] }), ["--allow-read=/a b,c"]);
  assertEquals(flags({ run: "inherit" }), ["--allow-run"]);
  assertEquals(permissionFlags("inherit").length, 8);
});

Deno.test("permissionFlags() denies the imports that Deno allows by itself", () => {
  const denied: Deno.PermissionOptions[] = ["none", {}, { import: false }, { import: [] }];
  for (const permissions of denied) {
    assertEquals(permissionFlags(permissions), NO_IMPORT, Deno.inspect(permissions));
  }
  assertEquals(permissionFlags({ import: true }), ["--allow-import"]);
  assertEquals(permissionFlags({ import: "inherit" }), ["--allow-import"]);
  assertEquals(permissionFlags({ import: ["a.test"] }), ["--allow-import=a.test"]);
});

Deno.test("an agent without the permission to import asks no host, also in a worker", async () => {
  for (const permissions of ["none", { import: [], net: false }] as Deno.PermissionOptions[]) {
    const lines: string[] = [];
    await using tun = new Local("sandbox", {
      permissions,
      stderr: (line) => void lines.push(line),
    });
    for (const specifier of ["https://esm.sh/?stolen", "npm:stolen-name-x", "jsr:@stolen/name"]) {
      const told = await tun.call((specifier: string) =>
        new Promise<string>((resolve) => {
          const code = `import(${JSON.stringify(specifier)}).then(() => postMessage("LOADED"), ` +
            `(error) => postMessage(error.message))`;
          const url = `data:text/javascript,${encodeURIComponent(code)}`;
          const worker = new Worker(url, { type: "module" });
          worker.onmessage = ({ data }) => {
            worker.terminate();
            resolve(data);
          };
        }), specifier);
      assertMatch(told, /--no-(remote|npm) is specified|requires/, specifier);
    }
    assertEquals(lines.filter((line) => line.includes("Download")), []);
  }
});
