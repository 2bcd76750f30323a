/** What is wrong with the use of a path. */
export type Problem = "ENOENT" | "EISDIR" | "ENOTDIR" | "EINVAL";

const TEXTS: Readonly<Record<Problem, readonly [errno: number, text: string, deno: string]>> = {
  ENOENT: [-2, "no such file or directory", "NotFound"],
  EISDIR: [-21, "illegal operation on a directory", "IsADirectory"],
  ENOTDIR: [-20, "not a directory", "NotADirectory"],
  EINVAL: [-22, "invalid argument", ""],
};

/** Behind the text of an error, for a file that the controller has. */
export const NOT_SENT: string =
  ": it is at the controller, and was not sent along; list it, or its folder, in the tunnel's " +
  "option include, and see includeLimit";

/** An error as Node gives it. */
export function nodeError(problem: Problem, syscall: string, path: string, more = ""): Error {
  const [errno, text] = TEXTS[problem];
  const error = new Error(`${problem}: ${text}, ${syscall} '${path}'${more}`);
  return Object.assign(error, { errno, code: problem, syscall, path });
}

/** An error as Deno gives it. */
export function denoError(problem: Problem, syscall: string, path: string, more = ""): Error {
  const { errors } = (globalThis as unknown as {
    Deno: { errors: Record<string, new (text: string) => Error> };
  }).Deno;
  const [errno, lower, name] = TEXTS[problem];
  const text = problem === "EISDIR" ? "Is a directory" : lower[0]!.toUpperCase() + lower.slice(1);
  const error = new (errors[name] ?? TypeError)(
    `${text} (os error ${-errno}): ${syscall} '${path}'${more}`,
  );
  return Object.assign(error, { code: problem });
}

/** Adds to an error of a file in a served folder how a synchronous read can find the file. */
export function withAdvice<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if ((error as { code?: unknown }).code === "ENOENT") {
      (error as Error).message +=
        ": if it is at the controller, read it asynchronously, or list its folder in the tunnel's " +
        "option include";
    }
    throw error;
  }
}

/** The error for a file of the controller that is to be watched. */
export function unwatchable(path: unknown): Error {
  const error = new Error(
    `Cannot watch ${path}: it is at the controller, whose changes are not seen here; read it when ` +
      "it is needed, or watch it at the controller",
  );
  return Object.assign(error, { code: "ENOTSUP" });
}
