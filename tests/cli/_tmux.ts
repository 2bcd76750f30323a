import { service } from "../services/services.ts";
import { soon } from "../tunnel/_deadline.ts";
import { CLI } from "./_cli.ts";

/** How often the screen is looked at, in milliseconds. */
const PAUSE = 50;

/** A command line in a terminal of its own. */
export class Tmux implements AsyncDisposable {
  readonly #socket = `chopsticks-${crypto.randomUUID().slice(0, 8)}`;

  /**
   * Starts a terminal with a shell.
   *
   * @param columns How wide it is.
   */
  static async open(columns = 90): Promise<Tmux> {
    const tmux = new Tmux();
    await tmux.#run("new-session", "-d", "-x", `${columns}`, "-y", "30", "env PS1='$ ' sh");
    await tmux.until(/\$/);
    return tmux;
  }

  /** Types a command line, whose exit code the shell tells behind `code`. */
  async start(args: readonly string[]): Promise<void> {
    const words = [Deno.execPath(), "run", "-A", "--no-check", CLI, ...args];
    // Not echoed, so that the screen has only what the program prints.
    const script = await Deno.makeTempFile();
    await Deno.writeTextFile(
      script,
      `clear; rm ${script}\n${
        words.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(" ")
      }\n` +
        `echo "code $?"\n`,
    );
    await this.#run("send-keys", `. ${script}`, "Enter");
  }

  /** Presses a key, such as `C-c` or `Enter`. */
  async press(key: string): Promise<void> {
    await this.#run("send-keys", key);
  }

  /** Types a text. */
  async type(text: string): Promise<void> {
    await this.#run("send-keys", "-l", text);
  }

  /** What the terminal shows. */
  async screen(): Promise<string> {
    return (await this.#run("capture-pane", "-p")).trimEnd();
  }

  /** Waits until the terminal shows something, and gives all that it shows. */
  async until(pattern: RegExp): Promise<string> {
    let screen = "";
    const seen = (async () => {
      while (!pattern.test(screen = await this.screen())) {
        await new Promise((resolve) => setTimeout(resolve, PAUSE));
      }
    })();
    try {
      await soon(seen, `${pattern}`, 60_000);
    } catch (error) {
      throw new Error(`${(error as Error).message}; the screen:\n${screen}`);
    }
    return screen;
  }

  async #run(...args: string[]): Promise<string> {
    const { stdout, stderr, success } = await new Deno.Command(service("tmux").path, {
      args: ["-L", this.#socket, "-f", "/dev/null", ...args],
      env: { NO_COLOR: "1" },
    }).output();
    if (!success) throw new Error(new TextDecoder().decode(stderr));
    return new TextDecoder().decode(stdout);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#run("kill-server").catch(() => {});
  }
}
