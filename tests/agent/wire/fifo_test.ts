import { assertEquals } from "@std/assert";
import { Fifo } from "../../../agent/wire/fifo.ts";
import { Random } from "../_random.ts";

Deno.test("Fifo does what an array does", () => {
  const random = new Random(1);
  const fifo = new Fifo<number>();
  const naive: number[] = [];
  for (let i = 0; i < 20_000; i++) {
    // There are long runs of pushes and of shifts, so that it grows far and empties again.
    if (random.below(10) < (i % 8000 < 4500 ? 9 : 1)) {
      fifo.push(i);
      naive.push(i);
    } else {
      assertEquals(fifo.shift(), naive.shift());
    }
    assertEquals([fifo.length, fifo.first], [naive.length, naive[0]]);
    if (i === 6000 || i === 12_500) {
      fifo.clear();
      naive.length = 0;
    }
  }
});
