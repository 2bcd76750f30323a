/**
 * Random and mutated frames for a `Multiplexer`, and random and mutated bytes for the codec. So
 * many of them, from this seed: `deno run -A tests/agent/wire/_fuzz.ts 10000000 7`.
 *
 * @module
 */

import process from "node:process";
import { setImmediate } from "node:timers/promises";
import { Flag, FrameType, HEADER_SIZE, MAX_PAYLOAD } from "../../../agent/wire/frame.ts";
import { decodeValue } from "../../../agent/protocol/value.ts";
import { DecodeError } from "../../../codec/decode_error.ts";
import { encode } from "../../../codec/encode.ts";
import { randomValue, seeded } from "../../codec/_random.ts";
import { Random } from "../_random.ts";
import { frame, type Lone, lone } from "./_memory_pipe.ts";

/** What the inputs did. */
export interface FuzzResult {
  frames: number;
  /** How many connections were closed for a frame. */
  closed: number;
  values: number;
  /** How many values could not be read. */
  refused: number;
  /** The longest time that one input took, in milliseconds of processor time, and the input. */
  longest: number;
  slowest: string;
  /** The most memory that the process took beyond that at the start, in bytes. */
  memory: number;
}

/** So many inputs are given in one turn of the event loop. */
const ROUND = 500;

/** Takes frames, and uses the channels that they open. Once it has ended, there is a new one. */
class Frames {
  readonly #random: Random;
  #end: Lone;
  #lastId = -1;
  closed = 0;

  constructor(random: Random) {
    this.#random = random;
    this.#end = this.#connect();
  }

  /** Makes a frame: most are such as an end would send. */
  make(): Uint8Array {
    const random = this.#random;
    const { opened } = this.#end;
    const type = random.below(100) === 0 ? random.below(256) : 1 + random.below(6);
    const isOpen = type === FrameType.OPEN;
    const id = isOpen ? this.#lastId += 2 : opened[random.below(opened.length)]?.id ?? 1;
    const flags = isOpen
      ? random.below(10) === 0 ? Flag.LONG : 0
      : random.below(16) & (random.below(10) === 0 ? 15 : ~Flag.END);
    const size = random.below(100) === 0 ? MAX_PAYLOAD : random.below(100);
    const payload = type === FrameType.CREDIT
      ? encode(random.below(2 ** 31)).subarray(1)
      : size > 100
      ? new Uint8Array(size)
      : random.bytes(size);
    const bytes = frame(type, id, payload, flags);
    return random.below(20) > 0 ? bytes : mutated(bytes, random, HEADER_SIZE);
  }

  take(bytes: Uint8Array): void {
    const random = this.#random;
    const { multiplexer, ends, closed } = this.#end;
    const pieces = random.below(8) === 0 ? random.cut(bytes, 40) : [bytes];
    for (const piece of pieces) multiplexer.handleChunk(piece.slice());
    if (multiplexer.ended === undefined) return this.#use();
    // Messages of a channel that had ended before may be read after the end of the connection.
    if (multiplexer.size !== 0 || multiplexer.held < 0) throw new Error("Something stays open");
    if (ends.length !== 1 || closed() !== 1) throw new Error("It has not ended once");
    this.closed++;
    this.#end = this.#connect();
  }

  /** Starts anew: some pipes are never read at the other end. */
  #connect(): Lone {
    this.#lastId = -1;
    return lone({ maxUnread: 2 ** 22, maxChannels: 500 }, this.#random.below(4) > 0);
  }

  #use(): void {
    const random = this.#random;
    const { multiplexer, opened, writes } = this.#end;
    writes.length = 0;
    if (opened.length > 500) opened.splice(0, 250);
    const channel = opened[random.below(opened.length)];
    if (channel === undefined) return;
    switch (random.below(10)) {
      case 0:
        return channel.send(new Uint8Array(random.below(1000)), random.below(16));
      case 1:
        return channel.reset(new Error("no more"));
      case 2:
        return channel.takeBytes((bytes) => channel.credit(bytes.length));
      case 3:
        return channel.end();
      case 4:
        return void channel.receive().catch(() => {});
      case 5:
        return void opened.push(multiplexer.open(encode([random.below(9)])));
    }
  }
}

/** Changes some of the first `head` bytes, and sometimes the length. */
function mutated(bytes: Uint8Array, random: Random, head: number = bytes.length): Uint8Array {
  const copy = bytes.slice();
  for (let n = random.below(4); n >= 0; n--) {
    const at = random.below(Math.min(head, copy.length));
    copy[at] = random.below(2) === 0 ? random.below(256) : copy[at]! ^ (1 << random.below(8));
  }
  const cut = random.below(10);
  if (cut === 0) return copy.slice(0, random.below(copy.length));
  return cut === 1 ? new Uint8Array([...copy, ...random.bytes(random.below(20))]) : copy;
}

/** Makes bytes for the codec: mutated values, or bytes that are none. */
function valueBytes(values: readonly Uint8Array[], random: Random): Uint8Array {
  if (random.below(4) === 0) return random.bytes(1 + random.below(60));
  const value = values[random.below(values.length)]!;
  return mutated(value, random, random.below(2) === 0 ? 30 : value.length);
}

/**
 * Gives so many inputs to a multiplexer and to the codec, half to each.
 *
 * @throws {Error} If one of them throws what it should not.
 */
export async function fuzz(count: number, seed: number): Promise<FuzzResult> {
  const random = new Random(seed);
  const values = Array.from({ length: 200 }, (_, i) => encode(randomValue(seeded(seed + i))));
  const frames = new Frames(random);
  const result: FuzzResult = {
    ...{ frames: 0, closed: 0, values: 0, refused: 0 },
    ...{ longest: 0, slowest: "", memory: 0 },
  };
  const before = Deno.memoryUsage().rss;
  const measured = (name: string, bytes: Uint8Array, take: () => void): void => {
    const start = performance.now();
    const cpu = process.cpuUsage();
    try {
      take();
    } catch (cause) {
      throw new Error(`${name}, seed ${seed}: ${bytes.toHex()}`, { cause });
    }
    if (performance.now() - start <= result.longest) return;
    const { user, system } = process.cpuUsage(cpu);
    if ((user + system) / 1000 <= result.longest) return;
    result.longest = (user + system) / 1000;
    result.slowest = `${name} ${bytes.subarray(0, 200).toHex()}`;
  };
  for (let i = 0; i < count; i += 2) {
    const bytes = frames.make();
    measured("frame", bytes, () => frames.take(bytes));
    const value = valueBytes(values, random);
    measured("value", value, () => {
      try {
        decodeValue(value);
        result.values++;
      } catch (error) {
        // A handle is revived by what we have here, which says so with a TypeError.
        if (!(error instanceof DecodeError || error instanceof TypeError)) throw error;
        result.refused++;
      }
    });
    if (i % ROUND > 0) continue;
    await setImmediate();
    result.memory = Math.max(result.memory, Deno.memoryUsage().rss - before);
  }
  return { ...result, frames: Math.ceil(count / 2), closed: frames.closed };
}

if (import.meta.main) {
  const [count = 100_000, seed = 1] = Deno.args.map(Number);
  const { gc } = globalThis as { gc?: () => void };
  const start = performance.now();
  console.log(await fuzz(count, seed));
  console.log(`${Math.round((performance.now() - start) / 1000)} s`);
  // The process takes more memory until the garbage is collected, and V8 gives back little of it.
  gc?.();
  console.log(`${Math.round(Deno.memoryUsage().heapUsed / 2 ** 20)} MiB are in use`);
}
