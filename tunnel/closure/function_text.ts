import type { AnyFunction } from "./any_function.ts";

/** Where an agent has the texts of functions whose code had to be changed to be sent. */
const TEXTS = Symbol.for("chopsticks.texts");

/** What is there, if anything. */
interface Texts {
  /** The runtime's own `toString()`, in whose place is one that knows the texts. */
  readonly native: () => string;
  readonly texts: WeakMap<AnyFunction, string>;
}

/**
 * The code of a function that is sent: for some functions of an agent it is not what `toString()`
 * gives.
 */
export function codeTextOf(fn: AnyFunction): string {
  const known = (globalThis as unknown as Record<symbol, Texts | undefined>)[TEXTS];
  return (known?.native ?? Function.prototype.toString).call(fn);
}

/**
 * The code of a function that runs at the far end. It makes `toString()` of a function give a text,
 * and returns the function. The proxy in the place of `toString()` looks native itself.
 */
export const SHOW_TEXT: string =
  `(f,t)=>{const k=Symbol.for("${TEXTS.description}"),F=Function.prototype;` +
  "if(!globalThis[k]){const texts=new WeakMap(),native=F.toString;" +
  "Object.defineProperty(globalThis,k,{value:{native,texts}});" +
  'Object.defineProperty(F,"toString",{writable:true,configurable:true,value:new Proxy(native,' +
  "{apply:(n,f,a)=>texts.get(f)??Reflect.apply(n,f===F.toString?n:f,a)})})}" +
  "globalThis[k].texts.set(f,t);return f}";
