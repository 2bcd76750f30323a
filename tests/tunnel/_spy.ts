import { inflateRawSync } from "node:zlib";
import { decode } from "../../codec/mod.ts";
import { LOADER_MODULE, VALUES_MODULE } from "../../agent/protocol/module_record.ts";
import { type Batch, Request } from "../../agent/protocol/request.ts";
import { Flag } from "../../agent/wire/frame.ts";
import type { SubprocessTunnel } from "../../mod.ts";
import { linkOf } from "../../tunnel/operation/link.ts";

/** Counts of what goes over a tunnel's connection, seen from here. */
export interface Traffic {
  /** The number of calls that were sent. */
  calls: number;
  /** The number of batches of modules and code that were sent. */
  batches: number;
  /** The size of these batches, in bytes. */
  batchBytes: number;
  /** The ids of the modules in these batches. */
  readonly modules: string[];
  /** How often the agent's part for values was sent. */
  values: number;
  /** How often the agent has asked for that. */
  askedValues: number;
  /** The specifiers that the agent has asked for. */
  readonly imports: string[];
}

/** Connects, and counts from then on. */
export async function spyOn(tun: SubprocessTunnel): Promise<Traffic> {
  await tun.connect();
  const session = linkOf(tun).core.session!;
  const { multiplexer } = session.connection;
  const traffic: Traffic = {
    ...{ calls: 0, batches: 0, batchBytes: 0, modules: [] },
    ...{ values: 0, askedValues: 0, imports: [] },
  };
  const open = multiplexer.open.bind(multiplexer);
  multiplexer.open = (header, ...rest) => {
    const [kind] = decode(header) as number[];
    const channel = open(header, ...rest);
    if (kind === Request.CALL) traffic.calls++;
    if (kind !== Request.BATCHES) return channel;
    const send = channel.send.bind(channel);
    channel.send = (bytes, ...flags) => {
      const isPlain = ((flags[0] ?? 0) & Flag.RAW) !== 0;
      const [records] = decode(isPlain ? bytes : inflateRawSync(bytes)) as Batch;
      // It comes with the second call at the latest, whatever that is.
      if (records[0]?.id === VALUES_MODULE) {
        traffic.values++;
        return send(bytes, ...flags);
      }
      traffic.batches++;
      traffic.batchBytes += bytes.length;
      // The agent's part that loads them comes with the first.
      const sent = records.filter(({ id }) => id !== LOADER_MODULE);
      traffic.modules.push(...sent.map(({ id }) => id));
      return send(bytes, ...flags);
    };
    return channel;
  };
  const handle = session.handleChannel.bind(session);
  session.handleChannel = (channel, header) => {
    const [kind, specifier] = decode(header) as [number, string];
    if (kind === Request.IMPORT) traffic.imports.push(specifier);
    if (kind === Request.VALUES) traffic.askedValues++;
    return handle(channel, header);
  };
  return traffic;
}
