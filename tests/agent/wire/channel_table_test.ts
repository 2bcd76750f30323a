import { assertEquals, assertStrictEquals } from "@std/assert";
import { Channel, type ChannelCarrier } from "../../../agent/wire/channel.ts";
import { ChannelTable } from "../../../agent/wire/channel_table.ts";
import { Random } from "../_random.ts";

const CARRIER = {} as ChannelCarrier;

Deno.test("ChannelTable finds the same channels as a Map", () => {
  const table = new ChannelTable();
  const map = new Map<number, Channel>();
  const random = new Random(1);
  let lastId = 0;
  for (let i = 0; i < 20_000; i++) {
    const known = [...map.values()];
    // There are more and more of them, and then fewer and fewer.
    const adds = random.below(100) < (i < 10_000 ? 60 : 40);
    if (adds) {
      const channel = new Channel(lastId += 1 + random.below(5), CARRIER);
      table.add(channel);
      map.set(channel.id, channel);
    } else if (known.length > 0) {
      const channel = known[random.below(known.length)]!;
      assertEquals(table.delete(channel), true);
      assertEquals(table.delete(channel), false);
      map.delete(channel.id);
    }
    assertEquals(table.size, map.size);
    const id = random.below(lastId + 2);
    assertStrictEquals(table.get(id), map.get(id));
  }
  assertEquals(table.all().map(({ id }) => id), [...map.keys()]);
});

Deno.test("ChannelTable.get() takes numbers of up to 32 bits", () => {
  const table = new ChannelTable();
  const channels = [1, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1].map((id) => new Channel(id, CARRIER));
  for (const channel of channels) table.add(channel);
  for (const channel of channels) assertStrictEquals(table.get(channel.id), channel);
  assertEquals(table.get(2 ** 32 - 2), undefined);
});

Deno.test("ChannelTable.delete() leaves no way from a removed channel to another", () => {
  const table = new ChannelTable();
  const channels = Array.from({ length: 1000 }, (_, id) => new Channel(id, CARRIER));
  for (const channel of channels) table.add(channel);
  for (const channel of channels) table.delete(channel);
  assertEquals(channels.filter(({ next }) => next !== undefined), []);
  assertEquals(table.size, 0);
});
