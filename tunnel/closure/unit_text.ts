/**
 * The text of a unit around the functions that it makes.
 *
 * @module
 */

import type { FunctionCode } from "../source/function_code.ts";

/** A function whose text a unit has. */
interface PlacedText {
  readonly code: FunctionCode;
  /** What its `toString()` gives. */
  readonly shown: string;
  /** Whether it is sloppy code. */
  readonly isSloppy: boolean;
  /** The `name` that it has when the call is made. */
  readonly name: unknown;
  /** The variables of its private static fields. */
  readonly privateVariables: ReadonlyMap<string, number>;
}

/** The begin of a unit: the context that it fills. */
export function head(own: string, isSloppy: boolean): string {
  const begin = isSloppy ? "return()=>{" : "import.meta.chopsticks.make=()=>{";
  return `${begin}const ${own}={functions:[],variables:[]};`;
}

/** The code of a function that gives the member of an object literal, whichever kind it is. */
export const GIVE_MEMBER: string = "(o,value)=>{" +
  "const d=Object.getOwnPropertyDescriptor(o,Reflect.ownKeys(o)[0]),f=d.value??d.get??d.set;" +
  "return value===void 0?f:Object.defineProperty(f,'name',{value,configurable:true})}";

/** What stands before and after the text of a function, so that it has its name, mode and text. */
export function wrapper(part: PlacedText, own: string, isSloppyUnit: boolean): [string, string] {
  const { code, isSloppy, shown, name } = part;
  const key = JSON.stringify(name);
  const [start, end] = code.form === "method"
    ? [`${own}m({`, code.hasComputedKey ? `},${key})` : "})"]
    : code.form === "class" && code.ownName !== undefined
    // As the value of a property, its name would be enumerable on Node 18.
    ? ["(", ")"]
    // An anonymous function takes its name from the property that it is the value of.
    : code.form === "class"
    ? [`({[${key}]:`, `}[${key}])`]
    : [`({[${key}]:`, `})[${key}]`];
  const [shows, text] = isChanged(part, own)
    ? [`${own}t(${start}`, `${end},${JSON.stringify(shown)})`]
    : [start, end];
  const [before, after] = [`${code.form === "class" ? "()=>" : ""}${shows}`, text];
  const isWrapped = isSloppyUnit && !isSloppy && !code.isStrict;
  return isWrapped ? [`(()=>{"use strict";return ${before}`, `${after}})()`] : [before, after];
}

/** The text of a function, or of a class, whose private static fields can be set. */
export function textOf({ code, privateVariables }: PlacedText, own: string): string {
  if (privateVariables.size === 0) return code.text;
  const end = code.text.lastIndexOf("}");
  const setters = [...privateVariables].map(([name, index]) =>
    `${own}.variables[${index}]=${own}v=>{this.${name}=${own}v};`
  );
  return `${code.text.slice(0, end)};static{${setters.join("")}}${code.text.slice(end)}`;
}

/** Whether the code of a function has to be changed to be sent. */
export function isChanged(part: PlacedText, own: string): boolean {
  return textOf(part, own) !== part.shown;
}
