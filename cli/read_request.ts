import type { PutOptions, SyncOptions } from "../tunnel/file_options.ts";
import { FACT_NAMES, type FactName } from "./host_facts.ts";
import { Misuse } from "./misuse.ts";
import type { OptionName } from "./options.ts";
import { readWords, type Words } from "./read_words.ts";
import type { Reach, Request, Task } from "./request.ts";

const VERBS = ["put", "fetch", "sync", "facts"] as const;

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

/** In milliseconds. A longer timer would be one of 1 ms. */
const LONGEST_TIMER = 2 ** 31 - 1;

/** Options that mean something only to ssh. */
const SSH_OPTIONS = ["user", "port", "jump", "ssh-config", "ssh-option", "ask-password"] as const;
/** Options of transfers of folders. */
const FOLDER_OPTIONS = ["delete", "checksum", "exclude", "dry-run", "diff"] as const;

/**
 * What a command line asks for; `"help"` for the help.
 *
 * @throws {Misuse} If something about it is wrong.
 */
export async function readRequest(args: readonly string[]): Promise<Request | "help"> {
  // Only before --: the command may have an option of this name.
  const end = args.indexOf("--");
  const own = end === -1 ? args : args.slice(0, end);
  if (own.includes("--help") || own.includes("-h")) return "help";
  const words = await readWords(args);
  if (words.options.has("help")) return "help";
  const reader = new Reader(words);
  const task = reader.task();
  return {
    task,
    reach: reader.reach(),
    timeout: reader.time("timeout"),
    maxFailures: reader.share("max-failures"),
    stream: reader.has("stream"),
    json: reader.has("json"),
  };
}

class Reader {
  readonly #words: Words;

  constructor(words: Words) {
    this.#words = words;
  }

  has(name: OptionName): boolean {
    return this.#words.options.has(name);
  }

  /** The last value of an option: it counts. */
  text(name: OptionName): string | undefined {
    return this.texts(name).at(-1);
  }

  texts(name: OptionName): readonly string[] {
    return this.#words.options.get(name) ?? [];
  }

  whole(name: OptionName, least: number, most = Infinity): number | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const value = /^\d+$/.test(text) ? Number(text) : NaN;
    if (value >= least && value <= most) return value;
    const range = most === Infinity ? `, at least ${least}` : `, ${least} to ${most}`;
    throw new Misuse(`--${name} is ${text}: expected a whole number${range}`);
  }

  time(name: OptionName): number | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const [, number, unit = "s"] = text.match(/^(\d+(?:\.\d+)?)(ms|s|m|h)?$/) ?? [];
    const value = Math.round(Number(number) * UNITS[unit]!);
    if (value > 0 && value <= LONGEST_TIMER) return value;
    throw new Misuse(`--${name} is ${text}: expected a time such as 30 (seconds), 500ms, 5m or 1h`);
  }

  share(name: OptionName): number | string | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    if (/^\d+$/.test(text)) return Number(text);
    if (/^\d+(\.\d+)?%$/.test(text) && parseFloat(text) <= 100) return text;
    throw new Misuse(`--${name} is ${text}: expected a number of hosts, or a part such as 10%`);
  }

  reach(): Reach {
    const kind = this.has("local") ? "local" : this.has("docker") ? "docker" : "ssh";
    this.#checkKind(kind);
    const sudo = this.text("sudo-user") ?? (this.has("sudo") ? "root" : undefined);
    if (this.has("ask-sudo-password") && sudo === undefined) {
      throw new Misuse("--ask-sudo-password needs --sudo or --sudo-user USER: add one of them");
    }
    const runtime = this.text("runtime");
    if (runtime !== undefined && runtime !== "deno" && runtime !== "node" && runtime !== "auto") {
      throw new Misuse(`--runtime is ${runtime}: expected deno, node or auto`);
    }
    const options = this.texts("ssh-option").map((option) => {
      if (/^\w+[= ]/.test(option)) return option;
      throw new Misuse(`--ssh-option is ${option}: expected KEY=VALUE, as in ssh -o`);
    });
    const config = this.text("ssh-config");
    const inventory = this.text("inventory");
    const jump = this.text("jump");
    return {
      hosts: this.#hosts(),
      inventory: inventory === "ssh_config" && config !== undefined
        ? `ssh_config:${config}`
        : inventory,
      kind,
      image: this.text("docker"),
      dockerArgs: this.texts("docker-arg"),
      user: this.text("user"),
      port: this.whole("port", 1, 65_535),
      sshArgs: [
        ...config === undefined ? [] : ["-F", config],
        ...jump === undefined ? [] : ["-J", jump],
        ...options.flatMap((option) => ["-o", option]),
      ],
      sudo,
      asksPassword: this.has("ask-password"),
      asksSudoPassword: this.has("ask-sudo-password"),
      retries: this.whole("retries", 0),
      runtime,
      provision: this.has("provision"),
      concurrency: this.whole("concurrency", 1),
    };
  }

  #hosts(): string {
    const all = this.texts("hosts");
    if (all.length > 0) return all.join(",");
    if (this.has("local") && !this.has("inventory")) return "localhost";
    const remedy = this.has("inventory") ? "-w GROUP, or -w all" : "-w 'web[1-9],db1'";
    throw new Misuse(`There are no hosts: say which, as in ${remedy}`);
  }

  #checkKind(kind: Reach["kind"]): void {
    if (this.has("local") && this.has("docker")) {
      throw new Misuse("--local and --docker exclude each other: leave out one of them");
    }
    if (this.has("docker-arg") && kind !== "docker") {
      throw new Misuse("--docker-arg is for --docker IMAGE: add that, or leave it out");
    }
    if (kind === "ssh") return;
    for (const name of SSH_OPTIONS) {
      if (!this.has(name)) continue;
      throw new Misuse(`--${name} is for hosts by ssh: leave it out, or leave out --${kind}`);
    }
    const sudo = (["sudo", "sudo-user"] as const).find((name) => this.has(name));
    if (kind === "docker" && sudo !== undefined) {
      throw new Misuse(`--${sudo} cannot be used with --docker: use --docker-arg=--user=NAME`);
    }
  }

  task(): Task {
    const { positionals, rest } = this.#words;
    const [verb, ...args] = positionals;
    const call = this.text("call");
    if (call !== undefined) {
      this.#only("--call");
      return callOf(call, [...positionals, ...rest ?? []]);
    }
    if (rest !== undefined) {
      if (verb !== undefined) {
        throw new Misuse(`"${verb}" stands before --: only options may, and the command behind it`);
      }
      if (rest.length === 0) throw new Misuse("There is no command behind --: write one");
      this.#only("a command", "no-stdin");
      // A line for the shell, or a program and its arguments.
      const command = rest.length === 1 ? rest[0]! : rest;
      if (rest[0]!.trim() === "") throw new Misuse("The command is empty: write one behind --");
      return { kind: "command", command, stdin: !this.has("no-stdin") };
    }
    if (verb === undefined) {
      throw new Misuse(
        "There is nothing to do: write -- and a command, --call MODULE#NAME, or one of " +
          VERBS.join(", "),
      );
    }
    if (!VERBS.includes(verb as never)) {
      const command = positionals.join(" ");
      throw new Misuse(
        `"${verb}" is none of ${VERBS.join(", ")}: write -- before a command, as in -- ${command}`,
      );
    }
    return this.#verb(verb as typeof VERBS[number], args);
  }

  #verb(verb: typeof VERBS[number], args: readonly string[]): Task {
    switch (verb) {
      case "put": {
        this.#only("put", "mode", "dry-run", "diff");
        const [file, path] = this.#count("put", args, "put FILE [PATH]", 1, 2);
        if (path === undefined && this.has("dry-run")) {
          throw new Misuse(
            "put has no path there, and --dry-run makes no file: write put FILE PATH",
          );
        }
        return { kind: "put", file: file!, path, options: this.#putOptions() };
      }
      case "fetch": {
        const isFolder = this.has("recursive");
        this.#only("fetch", "recursive", ...isFolder ? FOLDER_OPTIONS : []);
        const form = isFolder ? "fetch -r PATH FOLDER" : "fetch PATH FILE";
        const [path, to] = this.#count("fetch", args, `${form}, with {host} for the host`, 2, 2);
        return isFolder
          ? { kind: "fetchDir", path: path!, folder: to!, options: this.#folderOptions() }
          : { kind: "fetch", path: path!, file: to! };
      }
      case "sync": {
        this.#only("sync", ...FOLDER_OPTIONS);
        const [folder, path] = this.#count("sync", args, "sync FOLDER PATH", 2, 2);
        return { kind: "sync", folder: folder!, path: path!, options: this.#folderOptions() };
      }
      case "facts":
        this.#only("facts");
        for (const name of args) {
          if (FACT_NAMES.includes(name as FactName)) continue;
          throw new Misuse(`There is no fact ${name}: expected some of ${FACT_NAMES.join(", ")}`);
        }
        return { kind: "facts", names: args as readonly FactName[] };
    }
  }

  #count(
    verb: string,
    args: readonly string[],
    form: string,
    least: number,
    most: number,
  ): readonly string[] {
    if (args.length >= least && args.length <= most && !args.includes("")) return args;
    const state = args.includes("")
      ? "has an empty path"
      : args.length < least
      ? "has too few arguments"
      : `has too many arguments, from "${args[most]}" on`;
    throw new Misuse(`${verb} ${state}: write ${form}`);
  }

  #mode(): number | undefined {
    const text = this.text("mode");
    if (text === undefined) return undefined;
    // As of chmod: octal, with or without a zero in front.
    if (/^(0o?)?[0-7]{3,4}$/.test(text)) return parseInt(text.replace("o", ""), 8);
    throw new Misuse(`--mode is ${text}: expected an octal mode such as 644`);
  }

  #putOptions(): PutOptions {
    const mode = this.#mode();
    return {
      ...mode !== undefined && { mode },
      dryRun: this.has("dry-run"),
      diff: this.has("diff"),
    };
  }

  #folderOptions(): SyncOptions {
    return {
      delete: this.has("delete"),
      checksum: this.has("checksum"),
      exclude: this.texts("exclude"),
      dryRun: this.has("dry-run"),
      diff: this.has("diff"),
    };
  }

  /** Refuses options that mean something only to another task. */
  #only(task: string, ...names: readonly OptionName[]): void {
    for (const name of ["mode", "recursive", "no-stdin", ...FOLDER_OPTIONS] as const) {
      if (!this.has(name) || names.includes(name)) continue;
      const hint = task === "fetch" ? ", without -r" : "";
      throw new Misuse(`--${name} means nothing to ${task}${hint}: leave it out`);
    }
  }
}

function callOf(call: string, args: readonly string[]): Task {
  const at = call.lastIndexOf("#");
  const [module, name] = [call.slice(0, at), call.slice(at + 1)];
  if (at < 1 || name === "") {
    throw new Misuse(`--call is ${call}: expected MODULE#NAME, such as ./checks.ts#lag`);
  }
  const values = args.map((arg): unknown => {
    try {
      return JSON.parse(arg);
    } catch {
      const remedy = `'${JSON.stringify(arg)}'`;
      throw new Misuse(`The argument ${arg} is not JSON: write ${remedy} if it is a text`);
    }
  });
  return { kind: "call", module, name, args: values };
}
