import { parseArgs } from "node:util";
import { Misuse } from "./misuse.ts";
import { type OptionName, OPTIONS } from "./options.ts";

/** A name that differs in more letters is another one. */
const MAX_DISTANCE = 3;

/** A command line, taken apart. */
export interface Words {
  /** The options that are given, each with its values; a flag has none. */
  readonly options: ReadonlyMap<OptionName, readonly string[]>;
  /** All else before `--`. */
  readonly positionals: readonly string[];
  /** All behind `--`; `undefined` if there is no `--`. */
  readonly rest: readonly string[] | undefined;
}

/**
 * Takes a command line apart.
 *
 * @throws {Misuse} If there is an unknown option, or one lacks its value.
 */
export async function readWords(args: readonly string[]): Promise<Words> {
  const { tokens } = parseArgs({
    args: [...args],
    strict: false, // Its errors do not say what to do.
    allowPositionals: true,
    tokens: true,
    options: Object.fromEntries(
      Object.entries(OPTIONS).map(([name, { short, value }]) => [name, {
        type: value === undefined ? "boolean" as const : "string" as const,
        ...short !== undefined && { short },
      }]),
    ),
  });
  const options = new Map<OptionName, string[]>();
  const positionals: string[] = [];
  let rest: string[] | undefined;
  for (const token of tokens) {
    if (token.kind === "option-terminator") rest = [];
    else if (token.kind === "positional") (rest ?? positionals).push(token.value);
    else {
      const { name, rawName, value, inlineValue } = token;
      if (!Object.hasOwn(OPTIONS, name)) throw await unknownOption(rawName);
      const option = OPTIONS[name as OptionName];
      const values = options.get(name as OptionName) ?? [];
      options.set(name as OptionName, values);
      if (option.value === undefined) {
        if (value !== undefined) throw new Misuse(`${rawName} takes no value: leave out =${value}`);
        continue;
      }
      if (value === undefined) {
        throw new Misuse(`${rawName} has no value: write ${rawName} ${option.value}`);
      }
      if (!rawName.startsWith("--") && value.startsWith("=")) {
        throw new Misuse(`${rawName}${value} has a = too many: write ${rawName} ${value.slice(1)}`);
      }
      if (value.startsWith("-") && value !== "-" && !inlineValue) {
        throw new Misuse(
          `${rawName} has no value: write --${name}=${value} if it is meant to be ${value}`,
        );
      }
      if (value === "") throw new Misuse(`${rawName} is empty: write ${rawName} ${option.value}`);
      values.push(value);
    }
  }
  return { options, positionals, rest };
}

async function unknownOption(name: string): Promise<Misuse> {
  const near = name.startsWith("--") ? await nearest(name.slice(2)) : undefined;
  const remedy = near === undefined ? "" : `: did you mean --${near}?`;
  return new Misuse(`There is no option ${name}${remedy}`);
}

/** The option that begins with `name`, or is like it; the package is loaded only here. */
async function nearest(name: string): Promise<string | undefined> {
  const names = Object.keys(OPTIONS);
  const longer = names.find((one) => one.startsWith(name));
  if (longer !== undefined) return longer;
  const { closestString } = await import("npm:deno-std@1.4.0/text/closest_string.js");
  const { levenshteinDistance } = await import("npm:deno-std@1.4.0/text/levenshtein_distance.js");
  const closest: string = closestString(name, names);
  return levenshteinDistance(name, closest) <= MAX_DISTANCE ? closest : undefined;
}
