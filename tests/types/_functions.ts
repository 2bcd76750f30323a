/** Functions as people write them, for `typeof import()`. */

export function add(a: number, b = 1): number {
  return a + b;
}

export function over(a: string): string;
export function over(a: number): number;
export function over(a: string | number): string | number {
  return a;
}

export function same<T>(x: T): T {
  return x;
}

export async function* count(n: number): AsyncGenerator<number, string, void> {
  for (let i = 0; i < n; i++) yield await Promise.resolve(i);
  return "end";
}

export function* countHere(): Generator<number> {
  yield 1;
}

export class Counter {
  n = 1;
  next(): number {
    return this.n++;
  }
}

export const constant = { port: 1 };

export function scale(this: { side: number }, k: number): number {
  return this.side * k;
}

export function options(o: { a: number; b?: string }): string {
  return o.b ?? "x";
}

export function withCallback(tell: (n: number) => Promise<void>): Promise<number> {
  return tell(1).then(() => 2);
}

export function fails(): never {
  throw new Error("x");
}

export function returnsFunction(): () => number {
  return () => 1;
}

export function returnsCounter(): Counter {
  return new Counter();
}

export function returnsResponse(): Response {
  return new Response("x");
}
