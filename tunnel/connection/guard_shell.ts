import { spawn } from "node:child_process";
import { DirectWriter } from "./direct_writer.ts";
import { spawnSession } from "./spawn_session.ts";

/** A shell that outlives this isolate, and notices its end as that of its stdin. */
export interface GuardShell {
  /** Sends it a line. */
  tell(line: string): void;
  /** Sends it a line, or nothing. Returns whether it has: no death of this isolate undoes that. */
  tellAtOnce(line: string): boolean;
  /** Resolves when it is gone, for whatever reason. Never rejects. */
  readonly gone: Promise<unknown>;
  /** Ends its stdin, and resolves when it is gone. Never rejects. */
  end(): Promise<unknown>;
  /** Kills it, and resolves when it is gone. Never rejects. */
  kill(): Promise<unknown>;
}

/** Starts a shell that is out of reach of the terminal, and does not keep this script alive. */
export function startGuardShell(script: string, args: readonly string[]): GuardShell {
  const argv = ["-c", script, "sh", ...args];
  return typeof Deno === "undefined" ? startByNode(argv) : startByDeno(argv);
}

/** Only a pipe of `Deno.Command` is closed when the isolate ends; see `startChild()`. */
function startByDeno(args: string[]): GuardShell {
  const stdio = { stdin: "piped", stdout: "null", stderr: "null" } as const;
  const child = spawnSession("sh", { args, ...stdio });
  child.unref();
  const writer = child.stdin.getWriter();
  const direct = DirectWriter.open(child.pid);
  const gone = child.status.then(() => direct?.close());
  const end = (): Promise<unknown> => {
    child.ref();
    direct?.close();
    return Promise.allSettled([writer.close(), gone]);
  };
  return {
    tell: (line) => void writer.write(encoded(line)).catch(() => {}),
    tellAtOnce: (line) => direct?.write(encoded(line)) === true,
    gone,
    end,
    kill() {
      try {
        child.kill("SIGKILL");
      } catch {
        // It has ended.
      }
      return end();
    },
  };
}

function encoded(line: string): Uint8Array {
  return new TextEncoder().encode(`${line}\n`);
}

function startByNode(args: string[]): GuardShell {
  const child = spawn("sh", args, { detached: true, stdio: ["pipe", "ignore", "ignore"] });
  const gone = new Promise((resolve) => child.on("close", resolve).on("error", resolve));
  // Without a descriptor for it, there is none.
  if (!child.stdin) throw new Error("Cannot start sh: too many files are open");
  child.stdin.on("error", () => {});
  child.unref();
  (child.stdin as unknown as { unref(): void }).unref();
  const end = (): Promise<unknown> => {
    child.ref();
    child.stdin.end();
    return gone;
  };
  return {
    tell: (line) => void child.stdin.write(`${line}\n`),
    tellAtOnce(line) {
      if (!child.stdin.writable || child.stdin.writableLength > 0) return false;
      child.stdin.write(`${line}\n`);
      return true;
    },
    gone,
    end,
    kill() {
      child.kill("SIGKILL");
      return end();
    },
  };
}
