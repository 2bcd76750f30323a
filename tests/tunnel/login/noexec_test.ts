import { assertEquals } from "@std/assert";
import { isNoexec, lastMount } from "../../../tunnel/login/noexec.ts";

const MOUNTS = `/dev/vda / ext4 rw,relatime 0 0
tmpfs /tmp tmpfs rw,nosuid,noexec 0 0
tmpfs /tmp/my\\040own tmpfs rw 0 0
tmpfs /home tmpfs rw 0 0
tmpfs /home tmpfs rw,noexec 0 0
`;

Deno.test("lastMount() finds the mount that a path lies in", () => {
  assertEquals(lastMount(MOUNTS, "/tmp"), ["rw", "nosuid", "noexec"]);
  assertEquals(lastMount(MOUNTS, "/tmp/a/b"), ["rw", "nosuid", "noexec"]);
  assertEquals(lastMount(MOUNTS, "/tmp/my own/a"), ["rw"]);
  assertEquals(lastMount(MOUNTS, "/tmpfiles"), ["rw", "relatime"]);
  assertEquals(lastMount(MOUNTS, "/home/me"), ["rw", "noexec"]);
});

Deno.test("isNoexec() is false for what is not there", () => {
  assertEquals(isNoexec("/no/such/folder"), false);
});
