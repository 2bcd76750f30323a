/** Gives numbers from 0 to below `limit`, always the same ones for a seed (mulberry32). */
export function seeded(seed: number): (limit: number) => number {
  return (limit) => {
    seed = seed + 0x6d2b79f5 | 0;
    let t = Math.imul(seed ^ seed >>> 15, 1 | seed);
    t = t + Math.imul(t ^ t >>> 7, 61 | t) ^ t;
    return ((t ^ t >>> 14) >>> 0) % limit;
  };
}

type Random = (limit: number) => number;

function pick<T>(random: Random, choices: readonly T[]): T {
  return choices[random(choices.length)]!;
}

const alphabets = ["abcXYZ019 _", "äöüßéñ", "漢字かな", "😀🎉", "\ud800\udc00\udfff", "\0\x7f\x80"];

/** Gives a string whose length is often near one at which the format or the algorithm changes. */
export function randomString(random: Random, alphabet: string = pick(random, alphabets)): string {
  const length = random(4) > 0 ? random(12) : Math.max(
    0,
    pick(random, [8, 10, 16, 24, 31, 32, 48, 85, 127, 255, 300, 65_535]) + random(5) - 2,
  );
  // Half of the strings are made of UTF-16 units, so that surrogates are also separated.
  let text = "";
  const whole = random(2) > 0 ? [...alphabet] : alphabet.split("");
  while (text.length < length) text += pick(random, whole);
  return text;
}

const integers = [0, 31, 32, 127, 128, 255, 256, 32_767, 32_768, 65_535, 65_536, 2 ** 31, 2 ** 32];
const numbers = [NaN, Infinity, -Infinity, -0, 0.1, 2 ** 53, -(2 ** 53), 2 ** 64, 5e-324, 1.5e300];

export function randomNumber(random: Random): number {
  switch (random(4)) {
    case 0:
      return pick(random, numbers);
    case 1:
      return random(2 ** 32) / 7;
    case 2:
      return random(2 ** 21) * 2 ** 32 + random(2 ** 32);
  }
  const value = pick(random, integers) + random(3) - 1;
  return random(2) > 0 ? value : -value;
}

function randomBigint(random: Random): bigint {
  const value = (1n << BigInt(pick(random, [0, 7, 8, 53, 63, 64, 100, 1000]))) + BigInt(random(3)) -
    1n;
  return random(2) > 0 ? value : -value;
}

const views = [
  Uint8Array,
  Int8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  BigInt64Array,
  BigUint64Array,
  Float32Array,
  Float64Array,
  DataView,
] as unknown as (new (buffer: ArrayBuffer, offset: number, length: number) => ArrayBufferView)[];

function randomBinary(random: Random): object {
  const bytes = Uint8Array.from({ length: 64 }, () => random(256));
  if (random(6) === 0) return bytes.buffer.slice(0, random(64));
  return new (pick(random, views))(bytes.buffer, random(4) * 8, random(5));
}

const errors = [Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError];

/** Gives a key of an object, sometimes the one that naive decoders take for the prototype. */
function randomKey(random: Random): string {
  return random(20) === 0
    ? "__proto__"
    : random(3) === 0
    ? randomString(random)
    : `key${random(30)}`;
}

function set(object: object, key: string, value: unknown): void {
  Object.defineProperty(object, key, {
    value,
    enumerable: true,
    writable: true,
    configurable: true,
  });
}

/**
 * Gives a value of any kind the codec carries, and at most `size` values in all. Objects recur, in
 * themselves too. With `plain` there is only what MessagePack has formats of its own for.
 */
export function randomValue(
  random: Random,
  { size = 40, plain = false }: { size?: number; plain?: boolean } = {},
): unknown {
  const objects: object[] = [];
  const add = <T extends object>(object: T): T => {
    objects.push(object);
    return object;
  };
  const text = () => plain ? randomString(random, alphabets[random(3)]) : randomString(random);
  const make = (): unknown => {
    if (size-- <= 0) return random(100);
    if (!plain && objects.length > 0 && random(10) === 0) return pick(random, objects);
    switch (random(plain ? 8 : 18)) {
      case 0:
        return pick(random, plain ? [null, true, false] : [null, true, false, undefined]);
      case 1:
        // This avoids -0, which other libraries write as 0.
        return plain ? randomNumber(random) + 0 : randomNumber(random);
      case 2:
        return text();
      case 3:
        return text();
      case 4:
        return new Uint8Array(random(40)).fill(random(256));
      case 5: {
        const array = add<unknown[]>([]);
        for (let i = pick(random, [0, 1, 2, 3, 5, 15, 16, 17]); i > 0; i--) array.push(make());
        return array;
      }
      case 6:
      case 7: {
        const object = add({});
        for (let i = pick(random, [0, 1, 2, 3, 5, 15, 16, 17]); i > 0; i--) {
          set(object, plain ? text() : randomKey(random), make());
        }
        return object;
      }
      case 8:
        return randomBigint(random);
      case 9: {
        const map = add(new Map());
        for (let i = random(4); i > 0; i--) map.set(make(), make());
        return map;
      }
      case 10: {
        const members = add(new Set());
        for (let i = random(4); i > 0; i--) members.add(make());
        return members;
      }
      case 11:
        return add(new Date(pick(random, [0, -1, 1e12, 2 ** 32 * 1000, 8.64e15, NaN]) + random(2)));
      case 12:
        return add(
          new RegExp(pick(random, ["a+", "/", "\\n", "[é]"]), pick(random, ["", "gi", "u"])),
        );
      case 13:
        return add(new URL(`https://example.com/${random(100)}?ä#b`));
      case 14:
        return add(randomBinary(random));
      case 15: {
        const array = add<unknown[]>([]);
        for (let i = random(5); i > 0; i--) array[random(10)] = make();
        array.length += random(3);
        for (let i = pick(random, [0, 0, 1, 2]); i > 0; i--) {
          set(array, pick(random, ["index", "__proto__", "-1", "01", "ä"]), make());
        }
        return array;
      }
      case 16: {
        const object = add(Object.create(null));
        for (let i = random(4); i > 0; i--) set(object, randomKey(random), make());
        return object;
      }
    }
    const error = add(
      random(5) === 0
        ? new AggregateError([], text())
        : random(5) === 0
        ? new Error()
        : new (pick(random, errors))(text()),
    );
    error.stack = `at line ${random(100)}`;
    if (error instanceof AggregateError) error.errors.push(make());
    const hidden = { writable: true, configurable: true, enumerable: false };
    if (random(2) > 0) Object.defineProperty(error, "cause", { ...hidden, value: make() });
    if (random(2) > 0) set(error, "code", make());
    return error;
  };
  return make();
}
