import { ARRAY_16, FIX_ARRAY, FLOAT_64, INT_8, UINT_8 } from "./format.ts";
import { Writer } from "./_writer.ts";

/** Room is made for so many numbers at once. */
const BLOCK = 128;

/** Writes what arrays begin with: their headers and, most often, numbers. */
export class ArrayWriter extends Writer {
  /** Writes the header of an array, for which there is room. */
  protected arrayHeader(length: number): void {
    if (length < 16) this.bytes[this.position++] = FIX_ARRAY | length;
    else if (length < 0x1_0000) {
      this.bytes[this.position] = ARRAY_16;
      this.view.setUint16(this.position + 1, length);
      this.position += 3;
    } else {
      this.bytes[this.position] = ARRAY_16 + 1;
      this.view.setUint32(this.position + 1, length);
      this.position += 5;
    }
  }

  /**
   * Writes the elements of an array from `i` on, up to `length`, as long as they are numbers. Gives
   * the index where it stopped. Most long arrays are of numbers, and V8 keeps the position in a
   * register here, and makes no objects of doubles to pass them.
   */
  protected numbers(array: readonly unknown[], i: number, length: number): number {
    while (i < length) {
      // Without `Math`: a function may have replaced that at the far end.
      const end = length - i > BLOCK ? i + BLOCK : length;
      this.reserve((end - i) * 9);
      const { bytes, view } = this;
      let { position } = this;
      for (; i < end; i++) {
        const value = array[i];
        if (typeof value !== "number") {
          this.position = position;
          return i;
        }
        const isInt = (value | 0) === value;
        if (isInt && value >= -0x80 && value < 0x100 && (value !== 0 || 1 / value > 0)) {
          if (value < -0x20 || value > 0x7f) bytes[position++] = value > 0 ? UINT_8 : INT_8;
          bytes[position++] = value;
        } else if (isInt || value >>> 0 === value) {
          this.position = position;
          this.number(value);
          position = this.position;
        } else {
          bytes[position] = FLOAT_64;
          view.setFloat64(position + 1, value);
          position += 9;
        }
      }
      this.position = position;
    }
    return i;
  }
}
