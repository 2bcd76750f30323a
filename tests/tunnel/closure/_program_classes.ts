import type { Block, Piece, Scope } from "./_program_scope.ts";
import type { ProgramWriter } from "./_program_writer.ts";

/** Writes a class with some of what classes may have. */
export function writeClass(writer: ProgramWriter, scope: Scope): Block {
  const parent = writer.oneIn(2) ? scope.pick(["class"])?.name : undefined;
  const symbol = writer.oneIn(3) ? scope.pick(["symbol"])?.name : undefined;
  const heritage = parent === undefined
    ? writer.oneIn(8) ? ` extends ${writer.some(["Map", "Array", "Error", "Object"])}` : ""
    : ` extends ${writer.oneIn(4) ? `(0, ${parent})` : parent}`;
  const name = scope.freshName("ABCD");
  const any = writer.type("any");
  const fuel = `n${any} = { left: 3 }`;
  const inner = scope.inner();
  if (writer.oneIn(3)) inner.declare(name, "class");
  const method = (head: string): Piece => ({
    head: `${head}(${fuel})${any} {`,
    body: writer.body(inner),
    tail: "}",
  });
  const number = (): string => writer.number(inner);
  const pool: (() => Piece)[] = [
    () => `static s1${any} = ${writer.value(scope)};`,
    () => `static s2${any} = ${number()};`,
    () => `static count() { return ${name}.s2++; }`,
    () => `f1${any} = ${number()};`,
    () => `f2${any} = ${writer.value(scope)};`,
    () => `get g1()${any} { return ${number()}; }`,
    () => `static get g2()${any} { return ${number()}; }`,
    () => `set g1(value${any}) { this.f3 = value; }`,
    () => method("m1"),
    () => method("static m2"),
    () => method(`["m" + 3]`),
    () => method(`static [${symbol ?? '"m" + 4'}]`),
    () => method(`[${symbol ?? "Symbol.for('m5')"}]`),
    () => `static [${symbol ?? '"f" + 6'}]${any} = ${number()};`,
    () => `*items()${any} { yield ${number()}; }`,
  ];
  const members = pool.filter(() => writer.oneIn(4)).map((write) => write());
  if (writer.oneIn(3)) {
    members.push(
      `static #secret${any} = ${number()};`,
      `static tell(${fuel})${any} { return [${name}.#secret++, #secret in ${name}]; }`,
    );
  }
  if (writer.oneIn(3)) {
    members.push(
      `#hidden${any} = ${number()};`,
      `#twice()${any} { return this.#hidden * 2; }`,
      `get hidden()${any} { return [this.#hidden++, this.#twice()]; }`,
    );
  }
  if (writer.oneIn(4)) {
    members.push({
      head: "static {",
      body: [`this.block = ${number()};`],
      tail: "}",
    });
  }
  if (writer.oneIn(4)) {
    const call = heritage === "" ? "" : "super(); ";
    members.push(`constructor(${fuel}) { ${call}this.made = ${number()}; }`);
  }
  if (parent !== undefined && writer.oneIn(3)) {
    members.push(`toText()${any} { return typeof super.toString; }`);
  }
  scope.declare(name, "class");
  return { head: `class ${name}${heritage} {`, body: members, tail: "}" };
}
