import { BINARIES } from "../../codec/extension.ts";
import { isNatural } from "./is_natural.ts";
import { isBuffer } from "./runtime_object.ts";

interface ViewClass {
  new (buffer: ArrayBuffer, offset: number, length: number): ArrayBufferView;
}

/** All classes of views but `Buffer`, which a runtime may load when it is first asked for. */
const CLASSES = [Uint8Array, ...BINARIES.slice(1)];

/** The name of the class of a view; `undefined` for a class that is not the runtime's. */
export function viewClassName(view: ArrayBufferView): string | undefined {
  if (isBuffer(view)) return "Buffer";
  const prototype = Object.getPrototypeOf(view);
  return CLASSES.find((one) => one?.prototype === prototype)?.name;
}

/**
 * Makes a view of a buffer.
 *
 * @throws {TypeError | RangeError} If there is no such view.
 */
export function makeView(
  buffer: unknown,
  className: unknown,
  offset: unknown,
  length: unknown,
): ArrayBufferView {
  // A constructor would make a buffer of as many bytes as a number says.
  if (!(buffer instanceof ArrayBuffer) || !isNatural(offset) || !isNatural(length)) {
    throw new TypeError("It has a view of no buffer, or of no place in one");
  }
  const place = [buffer, offset, length] as const;
  if (className === "Buffer") return Buffer.from(...place);
  return new (CLASSES.find((one) => one?.name === className) as ViewClass)(...place);
}
