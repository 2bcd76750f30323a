import { assertEquals } from "@std/assert";
import { LOADERS, misfitOf, parseFarEnd, platformOf } from "../../../tunnel/provision/far_end.ts";

const [X64, ARM64, MUSL] = LOADERS as [string, string, string];

Deno.test("parseFarEnd() reads what a far end says of itself", () => {
  assertEquals(parseFarEnd(`Linux;x86_64;/bin/gzip;glibc 2.36;${X64} ;`), {
    ...{ system: "Linux", machine: "x86_64", hasGzip: true, glibc: "2.36" },
    ...{ loaders: [X64], missing: [] },
  });
  assertEquals(parseFarEnd("Darwin;arm64;;;;head mv "), {
    ...{ system: "Darwin", machine: "arm64", hasGzip: false, glibc: "" },
    ...{ loaders: [], missing: ["head", "mv"] },
  });
  assertEquals(platformOf(parseFarEnd("")), undefined);
});

/** What far ends say, and why Deno does not run there. */
const FAR_ENDS: [text: string, platform: string | undefined, misfit: string | undefined][] = [
  [`Linux;x86_64;;glibc 2.27;${X64}`, "linux-x64", undefined],
  [`Linux;x86_64;;glibc 2.36;${X64} ${MUSL}`, "linux-x64", undefined],
  [`Linux;x86_64;;;${X64}`, "linux-x64", undefined],
  [`Linux;aarch64;;glibc 3.1;${ARM64}`, "linux-arm64", undefined],
  ["Darwin;arm64;;;", "darwin-arm64", undefined],
  ["Darwin;x86_64;;;", "darwin-x64", undefined],
  [
    `Linux;x86_64;;glibc 2.17;${X64}`,
    "linux-x64",
    "its C library is glibc 2.17, and Deno needs 2.27 or newer",
  ],
  [
    `Linux;x86_64;;;${MUSL}`,
    "linux-x64",
    "its C library is musl, and Deno needs glibc",
  ],
  [
    `Linux;x86_64;;;${X64} ${MUSL}`,
    "linux-x64",
    "its C library is musl, and Deno needs glibc",
  ],
  [
    "Linux;aarch64;;glibc 2.36;",
    "linux-arm64",
    `it has no ${ARM64}, the part of glibc that starts programs for aarch64`,
  ],
  ["Linux;riscv64;;glibc 2.36;", undefined, "there is no Deno for Linux on riscv64"],
  ["FreeBSD;amd64;;;", undefined, "there is no Deno for FreeBSD on amd64"],
];

Deno.test("misfitOf() says why Deno does not run at a far end", () => {
  for (const [text, platform, misfit] of FAR_ENDS) {
    const farEnd = parseFarEnd(text);
    assertEquals([platformOf(farEnd), misfitOf(farEnd)], [platform, misfit], text);
  }
});
