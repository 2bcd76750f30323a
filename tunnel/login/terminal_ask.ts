import type { Question } from "../question.ts";
import { visible } from "../visible.ts";
import { askAtTerminal, type Prompt } from "./terminal.ts";

/** An answer that other hosts may want, too. */
interface Given {
  readonly host: string;
  readonly answer: string;
}

/** The answers while tunnels connect, by what was asked. */
const given: Map<string, Given> = new Map();

/**
 * Asks at the terminal. An answer is offered for other hosts that ask the same, while any tunnel
 * connects.
 *
 * @param question The question.
 * @param names The names in its text that differ from host to host.
 * @param rest When the question does not matter any more.
 */
export async function terminalAsk(
  question: Question,
  names: readonly string[],
  rest: Pick<Prompt, "signal" | "since">,
): Promise<string | undefined> {
  const { host, kind, secret, attempt } = question;
  const key = sameFor(question, names);
  // It was wrong, at this host at least.
  if (attempt > 1 && given.get(key)?.host === host) given.delete(key);
  let offered: Given | undefined;
  const text = (): string => {
    offered = secret && attempt === 1 ? given.get(key) : undefined;
    return promptText(question, offered);
  };
  const typed = await askAtTerminal({ text, secret, ...rest });
  const answer = typed === "" && offered !== undefined ? offered.answer : typed;
  if (answer !== undefined && secret && kind !== "hostkey") {
    given.set(key, offered?.answer === answer ? offered : { host, answer });
  }
  return answer;
}

/** Forgets the answers. */
export function forgetAnswers(): void {
  given.clear();
}

function sameFor({ kind, text, user, hop }: Question, names: readonly string[]): string {
  const general = names.reduce((rest, name) => rest.replaceAll(name, "*"), text);
  return JSON.stringify([kind, user, hop, general]);
}

/** What is shown: each line names the host, as the lines that a host prints do. */
function promptText(
  { host, hop, text, secret, attempt }: Question,
  offered: Given | undefined,
): string {
  const prefix = `[${visible(host)}] ${hop === undefined ? "" : `(on the way, at ${hop}) `}`;
  const lines = text.trimEnd().split("\n").map((line) => prefix + line);
  // ssh says so on its stderr, which is only shown once the agent is up.
  if (secret && attempt > 1) lines.unshift(`${prefix}That was not accepted, please try again`);
  const offer = offered === undefined ? "" : ` (Enter: as for ${visible(offered.host)})`;
  return `${lines.join("\n")}${offer} `;
}
