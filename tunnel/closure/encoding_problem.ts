import { HandleKind } from "../../agent/protocol/handle.ts";
import { isEncodeRefusal } from "../../codec/encode_refusal.ts";
import type { AnyFunction } from "./any_function.ts";
import type { Variable } from "./class_needs.ts";
import type { FunctionDescriber } from "./function_describer.ts";
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

/** Says which function has to be there before itself, if that is the codec's problem. */
export function explainEncoding(
  error: unknown,
  { sent, refusals, describer }: EncodingContext,
): unknown {
  if (!isEncodeRefusal(error)) return error;
  if (error.kind === "depth") return tooDeep(error, refusals.positionOfCalled());
  if (error.kind !== "cycle") return error;
  // What has to be there before a function can be made.
  const leads = (fn: AnyFunction): unknown[] => [
    ...boundParts(fn, sent),
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

/** The function, the `this` and the arguments of a bound function; nothing of any other. */
export function boundParts(fn: AnyFunction, sent: SentValues): readonly unknown[] {
  const [kind, ...parts] = sent.handleOf(fn) ?? [];
  return kind === HandleKind.BOUND ? parts : [];
}

function neededBy(fn: AnyFunction, sent: SentValues): readonly Variable[] {
  const [kind, , , ...needs] = sent.handleOf(fn) ?? [];
  return kind === HandleKind.CLASS ? needs as Variable[] : [];
}
