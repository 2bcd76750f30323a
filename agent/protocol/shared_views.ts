import { type Handle, HandleKind } from "./handle.ts";
import { isBuffer } from "./runtime_object.ts";
import { viewClassName } from "./view.ts";

/**
 * The views in a value that share memory. The codec gives each view memory of its own, and so they
 * need handles, with a buffer that is sent once for all of them.
 */
export class SharedViews {
  readonly #found = new Set<ArrayBufferView | ArrayBuffer>();
  /** What was made to be encoded, and is in no value. */
  readonly #made = new Set<unknown>();
  readonly #handles = new Map<unknown, Handle>();

  /** Takes note of an object if it is a view or a buffer. */
  look(object: object): void {
    if (!ArrayBuffer.isView(object) && !(object instanceof ArrayBuffer)) return;
    if (!this.#made.has(object)) this.#found.add(object);
  }

  /** The handle of a view, or of a `Buffer`; `undefined` for anything else. */
  handleOf(value: unknown): Handle | undefined {
    const handle = this.#handles.get(value);
    if (handle !== undefined || !isBuffer(value)) return handle;
    const bytes = new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
    this.#made.add(bytes);
    return [HandleKind.RUNTIME_OBJECT, "Buffer", bytes];
  }

  /** Gives the views that share memory with others, and their handles. */
  find(): ReadonlyMap<unknown, Handle> {
    // Some views have no buffer until it is asked for.
    if (this.#found.size < 2) return this.#handles;
    const byBuffer = new Map<ArrayBufferLike, (ArrayBufferView | ArrayBuffer)[]>();
    for (const one of this.#found) {
      const buffer = ArrayBuffer.isView(one) ? one.buffer : one;
      const all = byBuffer.get(buffer);
      if (all === undefined) byBuffer.set(buffer, [one]);
      else all.push(one);
    }
    for (const [buffer, all] of byBuffer) {
      if (all.length < 2) continue;
      const views = all.filter((one) => ArrayBuffer.isView(one));
      // The buffer itself shares memory with all of its views.
      if (views.length < all.length) this.#setHandles(views, buffer, 0);
      else for (const group of overlapping(views)) this.#share(group);
    }
    return this.#handles;
  }

  /** Has views share a copy of the part of their buffer that they show. */
  #share(group: readonly ArrayBufferView[]): void {
    const { buffer, byteOffset: first } = group[0]!;
    const end = Math.max(...group.map(endOf));
    // A view of numbers has to begin at a multiple of their size.
    const start = first - first % 8;
    const copy = new Uint8Array(end - start);
    copy.set(new Uint8Array(buffer, first, end - first), first - start);
    this.#made.add(copy.buffer);
    this.#setHandles(group, copy.buffer, start);
  }

  #setHandles(views: readonly ArrayBufferView[], buffer: ArrayBufferLike, start: number): void {
    for (const view of views) {
      const name = viewClassName(view);
      if (name === undefined) continue;
      const { length = view.byteLength } = view as Partial<Uint8Array>;
      this.#handles.set(view, [HandleKind.VIEW, buffer, name, view.byteOffset - start, length]);
    }
  }
}

/** The groups of views of one buffer that overlap each other. */
function overlapping(views: readonly ArrayBufferView[]): ArrayBufferView[][] {
  const groups: ArrayBufferView[][] = [];
  let end = 0;
  for (const view of [...views].sort((a, b) => a.byteOffset - b.byteOffset)) {
    if (view.byteLength === 0) continue;
    if (groups.length === 0 || view.byteOffset >= end) groups.push([]);
    groups.at(-1)!.push(view);
    end = Math.max(end, endOf(view));
  }
  return groups.filter(({ length }) => length > 1);
}

function endOf({ byteOffset, byteLength }: ArrayBufferView): number {
  return byteOffset + byteLength;
}
