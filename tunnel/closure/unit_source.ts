import type { FunctionCode } from "../source/function_code.ts";

/** A function of a unit. */
export interface UnitFunction {
  readonly index: number;
  readonly name: string;
  readonly code: FunctionCode;
  /** Zero-based position of its text in the script. */
  readonly line: number;
  readonly column: number;
}

/** A scope around functions of a unit. */
export interface UnitScope {
  /** The variables by their names. */
  readonly variables: ReadonlyMap<string, { readonly index: number }>;
  readonly functions: readonly UnitFunction[];
  readonly children: readonly UnitScope[];
}

/**
 * Writes the module of a unit. Each function is at the position that it has in the script, where
 * there is room.
 *
 * @param importStatements Statements for the module's beginning.
 * @param names All names that the functions use, from which the unit's own have to differ.
 */
export function unitSource(
  importStatements: readonly string[],
  root: UnitScope,
  names: ReadonlySet<string>,
): string {
  let own = "$";
  while (names.has(own) || names.has(`${own}m`) || names.has(`${own}v`)) own += "$";
  const text = new PositionedText();
  text.write([...importStatements, head(own)].join(""));
  writeScope(text, root, own);
  text.write(`return ${own}};`);
  return text.toString();
}

/**
 * The beginning: the context that the unit fills, and a function that gives the member of an object
 * literal, of whichever kind it is.
 *
 * @param own The start of the unit's own names.
 */
function head(own: string): string {
  return `import.meta.chopsticks.make=()=>{const ${own}={functions:[],variables:[]},${own}m=(o,value)=>{` +
    "const d=Object.getOwnPropertyDescriptor(o,Reflect.ownKeys(o)[0]),f=d.value??d.get??d.set;" +
    "return value===void 0?f:Object.defineProperty(f,'name',{value,configurable:true})};";
}

function writeScope(text: PositionedText, scope: UnitScope, own: string): void {
  const names = [...scope.variables.keys()];
  if (names.length > 0) text.write(`let ${names.join()};`);
  for (const [name, { index }] of scope.variables) {
    text.write(`${own}.variables[${index}]=${own}v=>{${name}=${own}v};`);
  }
  const parts = [...scope.functions, ...scope.children].sort((a, b) => lineOf(a) - lineOf(b));
  for (const part of parts) {
    if ("children" in part) {
      text.write("{");
      writeScope(text, part, own);
      text.write("}");
      continue;
    }
    const [before, after] = wrapper(part, own);
    text.write(`${own}.functions[${part.index}]=${before}`);
    text.writeAt(part.code.text, part.line, part.column);
    text.write(`${after};`);
  }
}

/** The code around the text of a function that makes it an expression. */
function wrapper({ name, code }: UnitFunction, own: string): [before: string, after: string] {
  const key = JSON.stringify(name);
  if (code.form === "method") return [`${own}m({`, code.hasComputedKey ? `},${key})` : "})"];
  // An anonymous function takes its name from the property that it is the value of.
  return code.form === "class" ? [`()=>({[${key}]:`, `}[${key}])`] : [`({[${key}]:`, `})[${key}]`];
}

function lineOf(part: UnitFunction | UnitScope): number {
  if (!("children" in part)) return part.line;
  return Math.min(...part.functions.map(lineOf), ...part.children.map(lineOf));
}

/** Text with some of it at given positions. The agent counts lines from the second one on. */
class PositionedText {
  #text = "";
  #line = -1;
  #column = 0;

  write(text: string): void {
    this.#text += text;
    const last = text.lastIndexOf("\n");
    if (last === -1) {
      this.#column += text.length;
    } else {
      this.#line += text.split("\n").length - 1;
      this.#column = text.length - last - 1;
    }
  }

  /** Writes `text` at a zero-based position, or behind it if the text is already longer. */
  writeAt(text: string, line: number, column: number): void {
    if (line > this.#line) this.write("\n".repeat(line - this.#line));
    if (line === this.#line && column > this.#column) this.write(" ".repeat(column - this.#column));
    this.write(text);
  }

  toString(): string {
    return this.#text;
  }
}
