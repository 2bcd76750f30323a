import type { BaseTunnel, Forward, Group, Queue, TcpAddress, UnixAddress } from "../../mod.ts";
import { expectType } from "./_expect.ts";

declare const tun: BaseTunnel;
declare const group: Group;
declare const queue: Queue;

// The address is of the kind that was asked for.
expectType<Forward<TcpAddress>>()(await tun.forward({ to: { port: 80 } }));
expectType<Forward<TcpAddress>>()(await tun.reverse({ to: { path: "/x" }, from: { port: 0 } }));
expectType<Forward<UnixAddress>>()(await tun.forward({ to: { port: 80 }, from: { path: "/x" } }));
await Deno.connect((await tun.forward({ to: { port: 80 } })).addr);
// One forward may lead to another.
await tun.reverse({ to: (await tun.forward({ to: { port: 80 } })).addr });

// @ts-expect-error: there is no `to`
await tun.forward({ from: { port: 80 } });
// @ts-expect-error: a port is a number
await tun.forward({ to: { port: "80" } });
// @ts-expect-error: it is either a path or a port
await tun.forward({ to: { port: 80, path: "/x" } });
// @ts-expect-error: a group has many far ends, which cannot share an address here
group.forward;
// @ts-expect-error: nor has a queue
queue.forward;
