import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { fold, Group, hosts, Local } from "../../mod.ts";
import { Random } from "../agent/_random.ts";
import { command } from "../services/command.ts";
import { needing, service, slow } from "../services/services.ts";

Deno.test("hosts() expands ranges in the order in which they are written", () => {
  const cases: [expression: string, names: string][] = [
    ["web1", "web1"],
    ["", ""],
    ["  \n", ""],
    ["web[08-11],db[1,3]", "web08 web09 web10 web11 db1 db3"],
    ["web[0-10/5]", "web0 web5 web10"],
    ["web[00-04/2,7]", "web00 web02 web04 web7"],
    ["web[3,1-2]", "web3 web1 web2"],
    ["r[1-2]n[03-04].example", "r1n03.example r1n04.example r2n03.example r2n04.example"],
    ["n[1-2][8-9]", "n18 n19 n28 n29"],
    ["n1[0-2]", "n10 n11 n12"],
    ["[1-3]", "1 2 3"],
    ["n[ 1 - 2 , 4 ] , m\n k", "n1 n2 n4 m k"],
    ["b,a,b,a[1-2],a[2-3]", "b a a1 a2 a3"],
    ["admin@web[1-2]", "admin@web1 admin@web2"],
    ["10.0.[0-1].[8-9]", "10.0.0.8 10.0.0.9 10.0.1.8 10.0.1.9"],
    ["ssh://[::1]:22,[fe80::1%eth0],fe80::[1-2]", "ssh://[::1]:22 [fe80::1%eth0] fe80::1 fe80::2"],
    ["n[99999999999999999998-99999999999999999999]", "n99999999999999999998 n99999999999999999999"],
  ];
  for (const [expression, names] of cases) {
    assertEquals(hosts(expression), names === "" ? [] : names.split(" "), expression);
  }
});

Deno.test("hosts() leaves out what stands behind an exclamation mark, from left to right", () => {
  const cases: [expression: string, names: string][] = [
    ["a[1-5]!a[2-3]", "a1 a4 a5"],
    ["a[1-5],!a[2-3]", "a1 a4 a5"],
    ["a[1-5] , ! a[2-3] ! a5", "a1 a4"],
    ["a[1-3],!a1,a1", "a2 a3 a1"],
    ["a[1-3]!b1,c", "a1 a2 a3 c"],
    ["a[01-03]!a1", "a01 a02 a03"],
    ["a1!a1", ""],
  ];
  for (const [expression, names] of cases) {
    assertEquals(hosts(expression), names === "" ? [] : names.split(" "), expression);
  }
});

Deno.test("hosts() refuses what it does not understand, by name", () => {
  const cases: [expression: string, reason: string][] = [
    ["web[1-3]&db1", '"&" (the hosts of both) is not understood'],
    ["web[1-3]^web1", '"^" (the hosts of only one) is not understood'],
    ["web1,@db", '"@db" is not understood (a group of clustershell)'],
    ["web[1-3],!@db", '"@db" is not understood (a group of clustershell)'],
    ["!a,b", '"!" has no hosts before it'],
    ["a,,b", "a comma has no name before it"],
    ["a,", 'there is no name behind the last ","'],
    ["a!", 'there is no name behind the last "!"'],
    ["a[1-2", '"[" has no "]"'],
    ["a[[1-2]]", '"[" has no "]"'],
    ["a1]", '"]" has no "["'],
    ["a[]", "[] is not understood"],
    ["a[1,]", "[1,] is not understood"],
    ["a[a-c]", "[a-c] is not understood"],
    ["a[-1-2]", "[-1-2] is not understood"],
    ["a[5/2]", "[5/2] is not understood"],
    ["a[5-1]", "5-1 goes down"],
    ["a[1-5/0]", "a step of 0"],
    ["a[01-100]", "zeros in front, but ends of different lengths"],
    ["a[1-010]", "zeros in front, but ends of different lengths"],
  ];
  for (const [expression, reason] of cases) {
    const { message } = assertThrows(() => hosts(expression), TypeError);
    assertStringIncludes(message, `Cannot expand the hosts ${JSON.stringify(expression)}: `);
    assertStringIncludes(message, reason);
  }
  assertThrows(() => hosts(["web1"] as unknown as string), TypeError, "expected a text");
});

Deno.test(slow("hosts() refuses more names than anybody has hosts", () => {
  for (
    const expression of [
      "a[1-1000000000]",
      "a[1-99999999999999999999999]",
      "a[1-1000][1-1000]b[1-2]",
      "a[1-600000],b[1-600000]",
      "a[1-600000]!a[1-600000]",
    ]
  ) assertThrows(() => hosts(expression), RangeError, "they are more than 1,000,000");
  assertEquals(hosts("a[1-1000000]").length, 1_000_000);
}));

Deno.test("fold() writes names as ranges", () => {
  const cases: [names: string, folded: string][] = [
    ["", ""],
    ["web1", "web1"],
    ["db web2 web1 web3 web5 db", "db,web[1-3,5]"],
    ["n08 n09 n10 n12", "n[08-10,12]"],
    ["n98 n99 n100", "n[98-100]"],
    ["n098 n099 n100", "n[098-100]"],
    ["n09 n10 n9 n11", "n[9,09-11]"],
    ["n01 n99 n00 n100", "n[00-01,99-100]"],
    ["r1n1 r1n2 r2n1 r2n2 r3n1", "r[1-2]n[1-2],r3n1"],
    ["10.0.0.1 10.0.0.2", "10.0.0.[1-2]"],
    ["ssh://[::1]:22 [::2] [::1]", "ssh://[::1]:22,[::2],[::1]"],
  ];
  for (const [names, folded] of cases) {
    const list = names === "" ? [] : names.split(" ");
    assertEquals(fold(list), folded);
    assertEquals(new Set(hosts(folded)), new Set(list), folded);
  }
});

Deno.test("fold() refuses names that hosts() would read in another way", () => {
  for (const name of ["", "a,b", "a b", "a!b", "a&b", "a^b", "@a", "a[1]", "a]"]) {
    assertThrows(() => fold([name]), TypeError, `Cannot fold the name ${JSON.stringify(name)}`);
  }
});

Deno.test("a Group takes the result of hosts(), and refuses ranges that are not expanded", () => {
  assertEquals(new Group(hosts("web[1-3],!web2")).hosts, ["web1", "web3"]);
  const plain = ["fe80::1", "[fe80::1]", "ssh://admin@[::1]:22", "web1"];
  assertEquals(new Group(plain).hosts, plain);
  const text = 'hosts[1] is "web[1-3]": a range has to be expanded by hosts("web[1-3]")';
  const group = new Group(["web1"]);
  const names = ["db", "web[1-3]"];
  for (
    const use of [
      () => new Group(names),
      () => group.union(names),
      () => group.difference(names),
      () => new Local("db").intersection(names),
    ]
  ) assertEquals(assertThrows(use, TypeError).message, text);
  const { message } = assertThrows(() => new Group("web[1-3]"), TypeError);
  assertStringIncludes(message, 'such as hosts("web[1-3]")');
});

/** Runs nodeset for each argument in one process: it takes long to start. */
const NODESET = `
import sys
from ClusterShell.CLI.Nodeset import nodeset
for expression in sys.argv[1:]:
    sys.argv = ["nodeset", "-e", "--", expression]
    nodeset()
`;

/** An expression that both understand, with few names, so that they overlap. */
function randomExpression(random: Random): string {
  const number = (from: number): number => from + random.below(12);
  const range = (): string => {
    const first = number(0);
    const last = number(first);
    const width = random.below(3) === 0 ? 3 : 1;
    const [a, b] = [first, last].map((end) => String(end).padStart(width, "0"));
    return [a, `${a}-${b}`, `${a}-${b}/${1 + random.below(4)}`][random.below(3)]!;
  };
  const bracket = (): string =>
    `[${Array.from({ length: 1 + random.below(3) }, range).join(random.below(2) ? "," : ", ")}]`;
  const name = (): string => {
    const prefix = ["a", "b-", "", "rack"][random.below(4)]!;
    const end = ["", "x", ".example"][random.below(3)]!;
    if (random.below(5) === 0) return `${prefix || "c"}${number(0)}${end}`;
    return prefix + bracket() + (random.below(3) === 0 ? `n${bracket()}` : "") + end;
  };
  let text = name();
  for (let i = random.below(5); i > 0; i--) text += [",", "!", " , "][random.below(3)] + name();
  return text;
}

Deno.test(needing("nodeset", "hosts() and fold() agree with clustershell's nodeset", async () => {
  const random = new Random(20);
  const expressions = Array.from({ length: 200 }, () => randomExpression(random));
  const [line = ""] = (await Deno.readTextFile(service("nodeset").path)).split("\n", 1);
  const python = line.replace(/^#!\s*/, "").split(" ").at(-1)!;
  const nodeset = async (texts: readonly string[]): Promise<string[][]> => {
    const { stdout, problem } = await command([python, "-c", NODESET, ...texts]);
    assertEquals(problem, "");
    return stdout.trimEnd().split("\n").map((line) => line.split(" ").toSorted());
  };
  const expanded = await nodeset(expressions);
  assertEquals(expanded.length, 200);
  assert(new Set(expanded.flat()).size > 500, "the expressions are too much alike");
  for (const [i, expression] of expressions.entries()) {
    const names = hosts(expression);
    assertEquals(names.toSorted(), expanded[i]!.filter((name) => name !== ""), expression);
    assertEquals(hosts(fold(names)).toSorted(), names.toSorted(), expression);
  }
  // An empty set has no text that nodeset would expand.
  const folded = expressions.map((one) => fold(hosts(one)) || "none");
  const unfolded = await nodeset(folded);
  for (const [i, names] of unfolded.entries()) {
    assertEquals(names, folded[i] === "none" ? ["none"] : expanded[i]!, folded[i]!);
  }
}));
