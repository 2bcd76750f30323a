import type { Question } from "../question.ts";

/**
 * Checks what a function of the user's gave as an answer. An error does not show it: it may be a
 * secret.
 *
 * @param question The question of ssh, which may have no answer; `undefined` for that of sudo.
 * @throws {TypeError} If it is not one line of text.
 */
export function checkAnswer(question: Question | undefined, answer: unknown): string | undefined {
  if (answer === undefined && question !== undefined) return undefined;
  if (typeof answer !== "string") {
    throw new TypeError(`an answer is of type ${typeof answer}: expected a string`);
  }
  if (/[\n\r\0]/.test(answer)) {
    throw new TypeError("an answer has a line break or a NUL character: expected one line");
  }
  return answer;
}
