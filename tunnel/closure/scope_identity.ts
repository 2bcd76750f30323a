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

/**
 * A context in the heap: a scope, or something that V8 keeps likewise, such as the `this` of
 * arrows.
 */
interface Context {
  readonly names: ReadonlySet<string>;
}

/**
 * The contexts around functions, from the inside out. A scope is the same object for all functions.
 */
const contexts = new WeakMap<AnyFunction, readonly Context[]>();

/**
 * Which scopes are around `fn`: two functions share a scope if they have the same object for it.
 *
 * @param scopes The names of the variables of each scope that V8's inspector lists, from the inside
 * out.
 * @returns `undefined` before {@linkcode learnScopes}, and if that could not tell.
 */
export function scopesAround(
  fn: AnyFunction,
  scopes: readonly (readonly string[])[],
): readonly object[] | undefined {
  const around = contexts.get(fn);
  if (around === undefined) return undefined;
  // The inspector leaves out contexts that have no variables of the program.
  let at = 0;
  const found = scopes.map((names) => {
    while (at < around.length && !names.every((name) => around[at]!.names.has(name))) at++;
    return around[at++];
  });
  return found.every((one) => one !== undefined) ? found : undefined;
}

/** The functions whose scopes are known: an object that stands for a scope is the same for all. */
let learned: WeakRef<AnyFunction>[] = [];
/** The next snapshot, and what it is to tell of. */
let next: { readonly fns: Set<AnyFunction>; readonly taken: Promise<void> } | undefined;
let last: Promise<void> = Promise.resolve();

/**
 * Learns which scopes are around each of `fns`, by a snapshot of the heap. It takes about 0.3 s.
 * One is taken for all who ask while another is taken: the scopes around a function never change.
 */
export function learnScopes(fns: readonly AnyFunction[]): Promise<void> {
  if (next === undefined) {
    const all = new Set<AnyFunction>();
    const taken = last.then(() => {
      next = undefined;
      return learn(all);
    });
    next = { fns: all, taken };
    last = taken.catch(() => {});
  }
  for (const fn of fns) next.fns.add(fn);
  return next.taken;
}

async function learn(fns: ReadonlySet<AnyFunction>): Promise<void> {
  if ([...fns].every((fn) => contexts.has(fn))) return;
  if (getHeapStatistics().used_heap_size > MAX_HEAP) return;
  const before = learned.map((ref) => ref.deref()).filter((fn) => fn !== undefined);
  const all = new Set([...before, ...fns]);
  const chains = chainsOf(new ChopsticksScopeProbe([...all]), await takeSnapshot());
  learned = Array.from(all, (fn) => new WeakRef(fn));
  const known = new Map<number, Context>();
  for (const [fn, chain] of chains) {
    contexts.get(fn)?.forEach((context, i) => known.set(chain[i]!.node, context));
  }
  for (const [fn, chain] of chains) {
    contexts.set(
      fn,
      chain.map(({ node, names }) => {
        if (!known.has(node)) known.set(node, { names });
        return known.get(node)!;
      }),
    );
  }
}

let probes = 0;

/** How the functions are found in the snapshot: by the name of this class, and names of its own. */
class ChopsticksScopeProbe {
  readonly fns: readonly AnyFunction[];
  readonly #number = probes++;

  constructor(fns: readonly AnyFunction[]) {
    this.fns = fns;
    fns.forEach((fn, i) => Object.assign(this, { [this.nameOf(i)]: fn }));
  }

  nameOf(index: number): string {
    return `probe ${this.#number}: ${index}`;
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

type EdgeType = "property" | "internal" | "hidden";

/** A context in a snapshot. */
interface ContextNode extends Context {
  readonly node: number;
}

/** The contexts around each function of the probe. */
function chainsOf(
  probe: ChopsticksScopeProbe,
  { snapshot: { meta }, nodes, edges, strings }: Snapshot,
): Map<AnyFunction, ContextNode[]> {
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
  /** The nodes that `node` leads to by edges of a type, by the names of these. */
  const targets = (node: number, wanted: EdgeType): Map<string | number, number> => {
    const found = new Map<string | number, number>();
    const at = node / nodeSize;
    for (let edge = firstEdges[at]!; edge < firstEdges[at + 1]!; edge += edgeSize) {
      if (edgeTypes[edges[edge + type!]!] !== wanted) continue;
      const at = edges[edge + label!]!;
      found.set(wanted === "hidden" ? at : strings[at]!, edges[edge + target!]!);
    }
    return found;
  };
  const nameOf = (node: number): string => strings[nodes[node + name!]!]!;
  /** The names of the variables in a context: of more than some dozens there is a hash table. */
  const namesIn = (context: number): Set<string> => {
    const info = targets(context, "internal").get("scope_info")!;
    const parts = [...targets(info, "hidden").values()];
    const tables = parts.filter((part) => nameOf(part) === "(context local names)");
    const inTables = tables.flatMap((table) => [...targets(table, "internal").values()]);
    return new Set([...parts, ...inTables].map(nameOf));
  };
  const chains = new Map<AnyFunction, ContextNode[]>();
  const probeName = strings.indexOf(ChopsticksScopeProbe.name);
  for (let node = 0; node < nodes.length; node += nodeSize) {
    if (nodes[node + name!] !== probeName) continue;
    const found = targets(node, "property");
    // The class itself has the same name.
    if (!found.has(probe.nameOf(0))) continue;
    probe.fns.forEach((fn, i) => {
      const chain: ContextNode[] = [];
      let context = targets(found.get(probe.nameOf(i))!, "internal").get("context");
      while (context !== undefined) {
        const around: number | undefined = targets(context, "internal").get("previous");
        // The last one is that of the globals.
        if (around !== undefined) chain.push({ node: context, names: namesIn(context) });
        context = around;
      }
      chains.set(fn, chain);
    });
  }
  return chains;
}
