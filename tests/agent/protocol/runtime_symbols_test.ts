import { assertEquals, assertMatch } from "@std/assert";
import { Buffer } from "node:buffer";
import { RemoteError } from "../../../mod.ts";
import { rejectsAs } from "../../tunnel/_deadline.ts";
import { onRuntimes } from "../../tunnel/_runtimes.ts";

/** Functions that make objects of the runtime and use them, and say what is to arrive of each. */
const KINDS: Readonly<Record<string, () => [object: object, text: string]>> = {
  "a URL"() {
    const url = new URL("http://a/b?c=d");
    url.searchParams.append("e", "f");
    url.host = "g";
    return [url, String(url)];
  },
  "the parameters of a URL"() {
    const { searchParams } = new URL("http://a/?b=1&a=2");
    searchParams.sort();
    for (const [name] of [...searchParams]) searchParams.append(name, "3");
    return [searchParams, String(searchParams)];
  },
  "headers"() {
    const headers = new Headers({ a: "b" });
    headers.append("c", "d");
    return [headers, [...headers].join(";")];
  },
  "the headers of a response"() {
    const { headers } = new Response("x", { headers: { a: "b" } });
    return [headers, [...headers].join(";")];
  },
  "the headers of a request"() {
    const { headers } = new Request("http://a/", { headers: { a: "b" } });
    return [headers, [...headers].join(";")];
  },
  "an encoder"() {
    const encoder = new TextEncoder();
    encoder.encodeInto("é", new Uint8Array(9));
    return [encoder, encoder.encoding];
  },
  ...Object.fromEntries(["utf-8", "utf-16le", "latin1", "shift_jis"].map((name) => [
    `a decoder of ${name}`,
    () => {
      const decoder = new TextDecoder(name);
      decoder.decode(new Uint8Array([0x82, 0xa0]), { stream: true });
      return [decoder, decoder.encoding];
    },
  ])),
  "a format of numbers"() {
    const format = new Intl.NumberFormat("de");
    return [format, format.format(1234.5)];
  },
  "a Buffer": () => [Buffer.from("ab"), "ab"],
  "a Date": () => [new Date(5), "1970-01-01T00:00:00.005Z"],
};

function textOf(object: object): string {
  if (object instanceof Headers) return [...object].join(";");
  if (object instanceof Intl.NumberFormat) return object.format(1234.5);
  if (object instanceof Date) return object.toISOString();
  if (object instanceof TextEncoder || object instanceof TextDecoder) return object.encoding;
  return String(object);
}

onRuntimes(
  "Objects of the runtime arrive without its symbols, and not with one's own",
  async (tun) => {
    const here = Symbol("here");
    for (const [name, make] of Object.entries(KINDS)) {
      const [object, text] = await tun.call(make) as [object, string];
      assertEquals(textOf(object), text, name);
      const made = (): object[] => [Object.assign(make()[0], { [Symbol("there")]: 1 })];
      const given = (one: object): object => Object.assign(one, { [here]: 1 });
      for (const call of [() => tun.call(made), () => tun.call(given, object)]) {
        const { message } = await rejectsAs(RemoteError, call());
        assertMatch(
          message,
          /\[Symbol\(t?here\)\]: its key is a symbol that nothing there knows; use/,
        );
      }
      // A function that has the symbol finds the property there.
      const own = Object.assign(make()[0], { [here]: name });
      assertEquals(await tun.call((one) => Reflect.get(one, here) as string, own), name);
    }
  },
);
