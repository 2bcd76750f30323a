import {
  chmodSync,
  closeSync,
  constants,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import process from "node:process";
import { clearInterval, setInterval } from "node:timers";
import { isNoexec } from "./noexec.ts";

/** A question that a program has given to the helper. */
export interface RawQuestion {
  /** The process id of the program. */
  readonly asker: number;
  /** The program's words. */
  readonly text: string;
  /** Whether it wants nothing but consent. */
  readonly confirm: boolean;
  /** Answers it. `undefined` is no answer; ssh takes that for an empty one. */
  answer(text: string | undefined): void;
}

/** Takes the questions of one process and of those that it starts. */
export interface Askpass {
  /** The variables that the process needs. */
  readonly env: Readonly<Record<string, string>>;
  /** Takes no more questions. */
  close(): void;
}

/** Milliseconds between looks for questions, which are files in a folder. */
const LOOK_INTERVAL = 50;
/** Milliseconds after which a dead process's folder is removed. Its id may be one elsewhere. */
const DEAD_AGE = 3_600_000;
/** The start of the folder's name. The id of the process and a random end follow. */
const FOLDER = "chopsticks-login-";

/**
 * The helper. It puts the question into a file and waits for the answer in a fifo, which is a place
 * in memory, not on the disk. Only this user can open the folder that both are in.
 *
 * It opens the fifo for reading and writing, so that it waits for nobody. It looks each second
 * whether somebody still wants the answer; if the controller is dead, all that it left ends here.
 * This part keeps nothing open that ssh reads the end of: ssh leaves a copy of its pipe to helpers.
 */
const HELPER = `#!/bin/sh
umask 077
if [ "$SSH_ASKPASS_PROMPT" = none ];then printf '%s\\n' "$1" >&2;exit;fi
d=\${0%/*} n=$CHOPSTICKS_LOGIN.$$
mkfifo "$d/a.$n"&&exec 3<>"$d/a.$n"||exit 1
printf '%s\\n' "$PPID" "$SSH_ASKPASS_PROMPT" "$1" >"$d/w.$n"&&mv "$d/w.$n" "$d/q.$n"||exit 1
(trap 'kill $s;exit' TERM
while kill -0 $PPID&&kill -0 $$;do
kill -0 CONTROLLER||{ rm -rf "$d";kill $PPID;break;}
sleep 1&s=$!;wait $s
done;kill -9 $$) >/dev/null 2>&1 3<&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&-&
IFS= read -r a <&3
kill $!
rm -f "$d/a.$n"
case $a in y*)printf '%s\\n' "\${a#y}";;*)exit 1;;esac
`;

/** The folder with the helper, while any process may ask. */
let desk: { readonly folder: string; readonly timer: ReturnType<typeof setInterval> } | undefined;
/** Who takes the questions of which process. */
const takers: Map<string, (question: RawQuestion) => void> = new Map();
let count = 0;
let cleared = false;
let problem: string | undefined;

/**
 * Gets ready to take questions.
 *
 * @param onQuestion Takes a question.
 * @throws {Error} If the helper cannot be written, such as for want of a permission.
 */
export function openAskpass(onQuestion: (question: RawQuestion) => void): Askpass {
  desk ??= openDesk();
  const id = `${++count}`;
  takers.set(id, onQuestion);
  return {
    env: {
      SSH_ASKPASS: `${desk.folder}/ask`,
      SSH_ASKPASS_REQUIRE: "force",
      CHOPSTICKS_LOGIN: id,
    },
    close(): void {
      takers.delete(id);
      if (takers.size === 0) closeDesk();
    },
  };
}

/** Why {@linkcode openAskpass} does not work here, or an empty text. It is tried once. */
export function askpassProblem(): string {
  if (problem === undefined) {
    try {
      openAskpass(() => {}).close();
      problem = isNoexec(tmpdir())
        ? `programs in ${tmpdir()} cannot be run (noexec): set TMPDIR to another folder`
        : "";
    } catch (error) {
      problem = `the helper cannot be written to ${temporary()}: ${(error as Error).message}`;
    }
  }
  return problem;
}

/** The folder of temporary files, as a text. Without `--allow-env`, nobody knows which it is. */
function temporary(): string {
  try {
    return tmpdir();
  } catch {
    return "the folder of temporary files";
  }
}

function openDesk(): NonNullable<typeof desk> {
  clearDeadDesks();
  // The folder's mode is 0700 from its beginning.
  const folder = mkdtempSync(`${tmpdir()}/${FOLDER}${process.pid}-`);
  try {
    const helper = `${folder}/ask`;
    writeFileSync(helper, HELPER.replace("CONTROLLER", `${process.pid}`), { mode: 0o700 });
    chmodSync(helper, 0o700);
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
  const timer = setInterval(() => look(folder), LOOK_INTERVAL);
  timer.unref();
  process.on("exit", closeDesk);
  return { folder, timer };
}

function closeDesk(): void {
  if (desk === undefined) return;
  const { folder, timer } = desk;
  desk = undefined;
  clearInterval(timer);
  process.off("exit", closeDesk);
  rmSync(folder, { recursive: true, force: true });
}

/** Removes the folders of controllers that were killed. */
function clearDeadDesks(): void {
  if (cleared) return;
  cleared = true;
  try {
    for (const name of readdirSync(tmpdir())) {
      const pid = name.match(/^chopsticks-login-(\d+)-/)?.[1];
      if (pid === undefined || isAlive(Number(pid))) continue;
      const folder = `${tmpdir()}/${name}`;
      if (Date.now() - statSync(folder).mtimeMs < DEAD_AGE) continue;
      rmSync(folder, { recursive: true, force: true });
    }
  } catch {
    // They belong to others, or a permission is missing.
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "ESRCH";
  }
}

function look(folder: string): void {
  for (const name of names(folder)) {
    const [, id] = name.match(/^q\.(\d+)\.\d+$/) ?? [];
    if (id === undefined) continue;
    const path = `${folder}/${name}`;
    const [asker, hint, ...lines] = readFileSync(path, "utf8").split("\n");
    rmSync(path);
    const fifo = `${folder}/a${name.slice(1)}`;
    takers.get(id)?.({
      asker: Number(asker),
      confirm: hint === "confirm",
      text: lines.join("\n").trimEnd(),
      answer: (text) => answer(fifo, text),
    });
  }
}

function names(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function answer(fifo: string, text: string | undefined): void {
  try {
    // For reading, too: then it waits for nobody, even if the helper has ended meanwhile.
    const fd = openSync(fifo, constants.O_RDWR);
    writeSync(fd, text === undefined ? "n\n" : `y${text}\n`);
    closeSync(fd);
  } catch {
    // The helper has ended, and removed the fifo.
  }
}
