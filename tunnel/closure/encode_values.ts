import { HandleKind } from "../../agent/protocol/handle.ts";
import { isPart, type Parts } from "../../agent/protocol/parts.ts";
import { encode } from "../../codec/encode.ts";
import { isEncodeRefusal } from "../../codec/encode_refusal.ts";
import type { AnyFunction } from "./any_function.ts";
import type { Variable } from "./class_needs.ts";
import { simpleHandle } from "./attachment_handle.ts";
import type { FunctionDescriber } from "./function_describer.ts";
import type { Unit } from "./unit.ts";
import { leadsTo } from "./parts.ts";
import { tooDeep } from "./refusal.ts";
import type { Refusals } from "./refusals.ts";
import type { SentValues } from "./sent_values.ts";

/** What of a draft tells why its values could not be encoded. */
export interface EncodingContext {
  readonly sent: SentValues;
  readonly refusals: Refusals;
  readonly describer: FunctionDescriber;
}

/** The values of a call. */
export interface CallValues {
  /** The function, if it goes by value; else `null`. */
  readonly root: unknown;
  readonly args: readonly unknown[];
  readonly units: readonly Unit[];
  /** Takes large arrays of bytes, which go ahead of the values. */
  readonly parts: Parts;
}

/**
 * Encodes the values of a call.
 *
 * @returns `undefined` if there are none.
 * @throws {TypeError} If one cannot be sent.
 */
export function encodeValues(
  { root, args, units, parts }: CallValues,
  context: EncodingContext,
): Uint8Array | undefined {
  const { sent, describer } = context;
  for (const [view, handle] of sent.views.find()) sent.setHandle(view, handle);
  const isPlain = sent.isEmpty;
  if (isPlain && args.length === 0) return undefined;
  const handles = describer.classHandles((fn) => [...boundParts(fn, sent), ...classOf(fn, sent)]);
  for (const [fn, handle] of handles) sent.setHandle(fn, handle);
  const captured = units.map(({ draft }) => draft.captured);
  const properties = [...sent.properties, ...sent.integrity].map(({ owner, kind, key, value }) =>
    [owner, kind, key, value] as const
  );
  const values = isPlain ? args : [root, args, captured, ...properties];
  try {
    return encode(values, {
      name: isPlain ? "arguments" : "values",
      handle: (value) => sent.handleOf(value) ?? parts.handleOf(value) ?? simpleHandle(value),
      standIn: (value) => sent.standInOf(value) ?? (isPart(value) ? value : undefined),
    });
  } catch (error) {
    throw explainEncoding(error, context);
  }
}

/** Says which function has to be there before itself, if that is the codec's problem. */
function explainEncoding(
  error: unknown,
  { sent, refusals, describer }: EncodingContext,
): unknown {
  if (!isEncodeRefusal(error)) return error;
  if (error.kind === "depth") return tooDeep(error, refusals.positionOfCalled());
  if (error.kind !== "cycle") return error;
  // What has to be there before a function can be made.
  const leads = (fn: AnyFunction): unknown[] => [
    ...boundParts(fn, sent),
    ...classOf(fn, sent),
    ...neededBy(fn, sent).map(([, , value]) => value),
  ];
  for (const fn of sent.handled as Iterable<AnyFunction>) {
    if (leadsTo(boundParts(fn, sent), fn, leads)) {
      return refusals.ofFunction(fn, "what it binds has it in it", { cause: error });
    }
    const variable = neededBy(fn, sent).find(([, , value]) => leadsTo(value, fn, leads));
    if (variable === undefined) continue;
    const name = describer.nameOfVariable(variable);
    const reason = `variable ${name}, which it may use when it is created, has it in it`;
    return refusals.ofFunction(fn, reason, { variable: name, cause: error });
  }
  return error;
}

/** The parts of a function that is bound, or that another function gives; nothing of any other. */
function boundParts(fn: AnyFunction, sent: SentValues): readonly unknown[] {
  const [kind, ...parts] = sent.handleOf(fn) ?? [];
  return kind === HandleKind.BOUND || kind === HandleKind.RESULT ? parts : [];
}

/** The class of a function that is a member of it; nothing of any other. */
function classOf(fn: AnyFunction, sent: SentValues): readonly unknown[] {
  const [kind, made] = sent.handleOf(fn) ?? [];
  return kind === HandleKind.MEMBER ? [made] : [];
}

function neededBy(fn: AnyFunction, sent: SentValues): readonly Variable[] {
  const [kind, , , ...needs] = sent.handleOf(fn) ?? [];
  return kind === HandleKind.CLASS ? needs as Variable[] : [];
}
