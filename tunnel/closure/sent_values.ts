import { type Handle, HandleKind, PropertyKind } from "../../agent/protocol/handle.ts";
import { WORKERS_MODULE } from "../../agent/protocol/module_record.ts";
import type { FunctionPlace } from "../../agent/protocol/request.ts";
import { SharedViews } from "../../agent/protocol/shared_views.ts";
import type { AnyFunction } from "./any_function.ts";
import type { OwnProperty } from "./own_properties.ts";
import { symbolHandle } from "./symbol_handle.ts";

/** A property that goes beside the copy of its owner. */
export interface SentProperty extends OwnProperty {
  readonly owner: object;
}

/** What is to be done with a property. */
interface Waiting {
  /** What has to be sent with it; `undefined` if it is only sent where its symbol turns up. */
  readonly sent: { readonly value: unknown } | undefined;
  act(): void;
}

/** Collects what is sent of the values of a call, beside what the codec copies by itself. */
export class SentValues {
  readonly #handles = new Map<unknown, Handle>();
  readonly #standIns = new Map<unknown, unknown>();
  /** What is to be done with properties when the symbols that are their keys turn up. */
  readonly #waiting = new Map<symbol, Waiting[]>();

  readonly properties: SentProperty[] = [];
  /** Which objects may not be changed, when they have all of their properties. */
  readonly integrity: SentProperty[] = [];
  /** The views among the values. */
  readonly views: SharedViews = new SharedViews();
  /** Streams, signals and callbacks, to which handles refer by their index. */
  readonly attachments: unknown[] = [];
  /** The ids of the modules that handles refer to. */
  readonly loads: Set<string> = new Set();
  /** Namespaces, to which handles refer by their index. Their modules are still to be found. */
  readonly namespaces: object[] = [];

  /** The symbols that are neither known everywhere nor at the place of a module. */
  readonly ownSymbols: Set<symbol> = new Set();

  /** Whether there is anything that the codec does not copy by itself. */
  get isEmpty(): boolean {
    return this.#handles.size === 0 && this.#standIns.size === 0 &&
      this.properties.length === 0 && this.integrity.length === 0;
  }

  /** All values that have a handle. */
  get handled(): Iterable<unknown> {
    return this.#handles.keys();
  }

  handleOf(value: unknown): Handle | undefined {
    return this.#handles.get(value);
  }

  /** The value that is encoded in the place of an object; the object itself if its handle is. */
  standInOf(value: object): unknown {
    return this.#standIns.get(value);
  }

  /** Has a handle encoded for a value. */
  setHandle(value: unknown, handle: Handle): void {
    this.#handles.set(value, handle);
    // The codec would take many objects for plain ones.
    if (typeof value === "object") this.#standIns.set(value, value);
  }

  /** Has `copied` encoded in the place of `value`. */
  setStandIn(value: object, copied: object): void {
    this.#standIns.set(value, copied);
  }

  /**
   * The place of a function that needs no handle, since it has nothing of its own beside that:
   * takes back what {@linkcode setPlace} did. It gives `undefined` for any other function.
   */
  takePlace(fn: AnyFunction): FunctionPlace | undefined {
    const [kind, module, ...path] = this.#handles.get(fn)! as [number, string | null, ...string[]];
    const hasProperties = this.properties.some(({ owner }) => owner === fn);
    if (kind !== HandleKind.PLACE || hasProperties) return undefined;
    if (path.some((key: unknown) => typeof key === "symbol")) return undefined;
    this.#handles.delete(fn);
    if (module !== null) this.loads.delete(module);
    return { module, path };
  }

  /** Has a value found at its place. */
  setPlace(value: unknown, { module, path }: FunctionPlace): void {
    if (module !== null) this.loads.add(module);
    if (startsModules(module, path)) this.loads.add(WORKERS_MODULE);
    for (const key of path) if (typeof key === "symbol") this.addSymbol(key);
    this.setHandle(value, [HandleKind.PLACE, module, ...path]);
  }

  /** Has a namespace found when the code that comes with the values is loaded. */
  setNamespace(namespace: object): void {
    const index = this.namespaces.push(namespace) - 1;
    this.setHandle(namespace, [HandleKind.NAMESPACE, index]);
  }

  addSymbol(symbol: symbol): void {
    if (this.#handles.has(symbol)) return;
    const handle = symbolHandle(symbol);
    if (handle[0] === HandleKind.OWN_SYMBOL) this.ownSymbols.add(symbol);
    this.setSymbol(symbol, handle);
  }

  /** Has a symbol found at its place. */
  setSymbolPlace(symbol: symbol, { module, path }: FunctionPlace): void {
    this.loads.add(module!);
    this.ownSymbols.delete(symbol);
    this.setSymbol(symbol, [HandleKind.PLACE, module, ...path]);
  }

  /** Has a handle encoded for a symbol, which is known then. */
  setSymbol(symbol: symbol, handle: Handle): void {
    this.#handles.set(symbol, handle);
    const waiting = this.#waiting.get(symbol) ?? [];
    this.#waiting.delete(symbol);
    for (const { act } of waiting) act();
  }

  /**
   * Does something with a property. If its key is a symbol of the script's own that nothing at the
   * far end knows yet, that waits until the symbol turns up, or for {@linkcode settle}.
   */
  whenKnown(key: string | symbol | null, value: unknown, act: () => void): void {
    if (typeof key === "symbol" && !this.#handles.has(key)) {
      if (symbolHandle(key)[0] === HandleKind.OWN_SYMBOL) {
        this.ownSymbols.add(key);
        return this.#wait(key, { sent: { value }, act });
      }
      this.addSymbol(key);
    }
    act();
  }

  /** Does something with a property if its key, a symbol, turns up. */
  whenUsed(key: symbol, act: () => void): void {
    if (this.#handles.has(key)) act();
    else this.#wait(key, { sent: undefined, act });
  }

  #wait(key: symbol, waiting: Waiting): void {
    const all = this.#waiting.get(key);
    if (all === undefined) this.#waiting.set(key, [waiting]);
    else all.push(waiting);
  }

  /**
   * Sends the properties that still wait: nothing but a list of keys would tell that they are not
   * there. For the same reason, those that cannot be sent are left out, rather than refused.
   *
   * @returns Whether there was any to send.
   */
  settle(canSend: (value: unknown) => boolean): boolean {
    const ready = [...this.#waiting].filter(([, all]) => {
      const needed = all.map(({ sent }) => sent).filter((sent) => sent !== undefined);
      return needed.length > 0 && needed.every(({ value }) => canSend(value));
    });
    for (const [symbol] of ready) this.addSymbol(symbol);
    return ready.length > 0;
  }

  /** Adds a property of an object that is copied without it. */
  addProperty(owner: object, key: string | symbol, descriptor: PropertyDescriptor): void {
    this.properties.push({ owner, kind: PropertyKind.OWN, key, value: descriptor });
  }
}

/** Whether what is at a place may start a worker or a Node process of a module. */
function startsModules(module: string | null, path: FunctionPlace["path"]): boolean {
  const last = path.at(-1);
  if (module === null) return path[0] === "Worker";
  if (module === "node:child_process") return last === "fork";
  const isWhole = last === undefined || last === "default";
  return module === "node:worker_threads" && (isWhole || last === "Worker");
}
