/**
 * Which functions share a scope. V8's inspector does not tell, but a snapshot of the heap does:
 * each function in it has an edge to its context, which is the scope that it was made in, and each
 * context has one to the context around it.
 *
 * @module
 */

import { Readable } from "node:stream";
import { getHeapSnapshot, getHeapStatistics } from "node:v8";
import type { AnyFunction } from "./any_function.ts";

/** A snapshot of a larger heap would take longer than a user would wait for a call, in bytes. */
const MAX_HEAP = 512 * 1024 * 1024;

/** The contexts around functions, from the inside out. An object stands for each context. */
const contexts = new WeakMap<AnyFunction, readonly object[]>();

/**
 * The scopes with variables around `fn`, from the inside out: two functions share a scope if these
 * are the same object. `undefined` before {@linkcode learnScopes}, and if that could not tell.
 */
export function scopesAround(fn: AnyFunction): readonly object[] | undefined {
  return contexts.get(fn);
}

/**
 * Learns which scopes are around each of `fns`, by one snapshot of the heap. It takes about 0.3 s.
 */
export async function learnScopes(fns: readonly AnyFunction[]): Promise<void> {
  if (getHeapStatistics().used_heap_size > MAX_HEAP) return;
  const probe = new ChopsticksScopeProbe(fns);
  const snapshot = await takeSnapshot();
  const chains = chainsOf(snapshot, probe);
  // A scope that an earlier snapshot has told of keeps its object.
  const known = new Map<number, object>();
  for (const [fn, chain] of chains) {
    contexts.get(fn)?.forEach((context, i) => known.set(chain[i]!, context));
  }
  for (const [fn, chain] of chains) {
    contexts.set(
      fn,
      chain.map((node) => {
        if (!known.has(node)) known.set(node, {});
        return known.get(node)!;
      }),
    );
  }
}

/** How the functions are found in the snapshot: by the name of this class. */
class ChopsticksScopeProbe {
  readonly fns: readonly AnyFunction[];

  constructor(fns: readonly AnyFunction[]) {
    this.fns = fns;
    fns.forEach((fn, i) => Object.assign(this, { [`fn${i}`]: fn }));
  }
}

/** The format of `.heapsnapshot` files: see V8's `src/profiler/heap-snapshot-generator.cc`. */
interface Snapshot {
  readonly snapshot: {
    readonly meta: {
      readonly node_fields: readonly string[];
      readonly edge_fields: readonly string[];
      readonly edge_types: readonly [readonly string[], ...unknown[]];
    };
  };
  readonly nodes: readonly number[];
  readonly edges: readonly number[];
  readonly strings: readonly string[];
}

async function takeSnapshot(): Promise<Snapshot> {
  const chunks: string[] = [];
  const decoder = new TextDecoder();
  for await (const chunk of Readable.from(getHeapSnapshot())) {
    chunks.push(typeof chunk === "string" ? chunk : decoder.decode(chunk, { stream: true }));
  }
  return JSON.parse(chunks.join(""));
}

/** The nodes of the contexts around each function of the probe. */
function chainsOf(
  { snapshot: { meta }, nodes, edges, strings }: Snapshot,
  { fns }: ChopsticksScopeProbe,
): Map<AnyFunction, number[]> {
  const nodeSize = meta.node_fields.length;
  const edgeSize = meta.edge_fields.length;
  const [name, edgeCount] = ["name", "edge_count"].map((one) => meta.node_fields.indexOf(one));
  const [type, label, target] = ["type", "name_or_index", "to_node"].map((one) =>
    meta.edge_fields.indexOf(one)
  );
  const [edgeTypes] = meta.edge_types;
  const firstEdges = new Uint32Array(nodes.length / nodeSize + 1);
  for (let i = 0; i < firstEdges.length - 1; i++) {
    firstEdges[i + 1] = firstEdges[i]! + nodes[i * nodeSize + edgeCount!]! * edgeSize;
  }
  /** The nodes that `node` leads to, by the names of the edges. */
  const targets = (node: number): Map<string, number> => {
    const found = new Map<string, number>();
    const at = node / nodeSize;
    for (let edge = firstEdges[at]!; edge < firstEdges[at + 1]!; edge += edgeSize) {
      if (/^(element|hidden)$/.test(edgeTypes[edges[edge + type!]!]!)) continue;
      found.set(strings[edges[edge + label!]!]!, edges[edge + target!]!);
    }
    return found;
  };
  const chains = new Map<AnyFunction, number[]>();
  const probeName = strings.indexOf(ChopsticksScopeProbe.name);
  for (let node = 0; node < nodes.length; node += nodeSize) {
    if (nodes[node + name!] !== probeName) continue;
    const found = targets(node);
    // The class itself has the same name.
    if (!found.has("fn0")) continue;
    fns.forEach((fn, i) => {
      const chain: number[] = [];
      let context = targets(found.get(`fn${i}`)!).get("context");
      while (context !== undefined) {
        const around: number | undefined = targets(context).get("previous");
        // The last one is that of the globals.
        if (around !== undefined) chain.push(context);
        context = around;
      }
      chains.set(fn, chain);
    });
  }
  return chains;
}
