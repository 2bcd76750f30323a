import { rangeError, typeError } from "../../tunnel/misuse.ts";

/** A number of hosts, or a part of them such as `"25%"`. */
export type Share = number | string;

/**
 * Checks a share, because callers may not use TypeScript.
 *
 * @param name How an error calls it.
 * @param share An integer, `Infinity` or a percentage.
 * @param least The smallest number that is allowed.
 * @throws {TypeError} If it is neither a number nor a percentage.
 * @throws {RangeError} If it is less than `least`, more than `"100%"`, or not an integer.
 */
export function checkShare(name: string, share: Share, least: number): void {
  if (typeof share === "number") {
    if (share >= least && (Number.isInteger(share) || share === Infinity)) return;
    throw rangeError(`${name} is ${share}: expected an integer, at least ${least}`);
  }
  if (typeof share !== "string" || !/^\d+(\.\d+)?%$/.test(share)) {
    const shown = typeof share === "string" ? JSON.stringify(share) : String(share);
    throw typeError(`${name} is ${shown}: expected a number, or a percentage such as "25%"`);
  }
  if (parseFloat(share) > 100) {
    throw rangeError(`${name} is "${share}": expected at most "100%"`);
  }
  if (least > 0 && parseFloat(share) === 0) {
    throw rangeError(`${name} is "${share}": expected more than "0%"`);
  }
}

/** How many of `size` hosts a share is, not rounded. */
export function shareOf(share: Share, size: number): number {
  return typeof share === "number" ? share : parseFloat(share) * size / 100;
}
