import { isIndex, namedKeys } from "../../codec/array_keys.ts";
import { isBuffer } from "./runtime_object.ts";

type Inspect = (value: unknown, options: object) => string;

const { Deno: deno } = globalThis as { Deno?: { readonly inspect: Inspect } };

let inspect = deno?.inspect;
// On Deno, it would take a while to load.
if (inspect === undefined) {
  void import("node:util").then((util): void => {
    inspect = util.inspect;
  });
}

/** Shows no element, and the names of all else. */
const OPTIONS = {
  ...{ depth: 0, iterableLimit: 0, maxArrayLength: 0, customInspect: false, getters: false },
  ...{ breakLength: Infinity, colors: false, numericSeparator: false },
};

/** To list the keys of more elements takes longer than to have the list shown. */
const LONG = 100;

const TYPED_ARRAY = Object.getPrototypeOf(Uint8Array.prototype);

const SAMPLE_LENGTH = 1111;
/** The texts of lists of this length that have nothing but elements, by their prototypes. */
const samples = new Map<object, string>();

/** The keys of the properties of an array that are enumerable, but for elements. */
export function namesOf(array: readonly unknown[]): string[] {
  return mayHaveNames(array) ? namedKeys(array) : [];
}

/**
 * Whether an array or a view may have properties besides its elements. To list all its keys takes
 * longer than to encode it. So a long list is inspected, with no element shown: its text differs
 * from that of a plain list of the same length if it has such properties. Of a long view, only
 * enumerable ones are shown, since to show all takes ten times as long.
 */
export function mayHaveNames(list: readonly unknown[] | ArrayBufferView): boolean {
  const isArray = Array.isArray(list);
  // A view that is no list has no length.
  const { length = 0 } = list as Partial<ArrayLike<unknown>>;
  const isShort = length <= (isArray ? LONG : 10 * LONG);
  if (isShort || inspect === undefined || !isBuiltIn(list)) {
    // An array has its length before any other name, and they are listed in this order.
    const last = Object.getOwnPropertyNames(list).at(-1);
    return last !== undefined && !(isArray ? last === "length" : isIndex(last));
  }
  if (Object.getOwnPropertySymbols(list).length > 0) return true;
  const options = { ...OPTIONS, showHidden: isArray };
  const prototype = Object.getPrototypeOf(list);
  let sample = samples.get(prototype);
  if (sample === undefined) {
    sample = inspect(isArray ? new Array(SAMPLE_LENGTH).fill(0) : sampleView(list), options);
    samples.set(prototype, sample);
  }
  return inspect(list, options) !== sample.replaceAll(`${SAMPLE_LENGTH}`, `${length}`);
}

/** Whether the class of a list is built in. The constructor of any other may do anything. */
function isBuiltIn(list: object): boolean {
  const prototype = Object.getPrototypeOf(list);
  return prototype === Array.prototype || isBuffer(list) ||
    prototype !== null && Object.getPrototypeOf(prototype) === TYPED_ARRAY;
}

function sampleView(view: unknown): object {
  if (isBuffer(view)) return Buffer.alloc(SAMPLE_LENGTH);
  return new (Object.getPrototypeOf(view).constructor)(SAMPLE_LENGTH);
}
