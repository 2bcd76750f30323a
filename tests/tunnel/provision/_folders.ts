import type { ProvisionOptions, TunnelOptions } from "../../../mod.ts";
import { Bare, type BareMachine, fakeDeno } from "./_bare.ts";

/** Folders for a bare machine and for the files of a test, which are removed at the end. */
export class Folders {
  readonly home: string = Deno.makeTempDirSync({ prefix: "chopsticks-bare-" });
  /** A small program in the place of Deno. */
  readonly fake: string = `${this.home}.fake`;

  constructor() {
    Deno.writeTextFileSync(this.fake, fakeDeno());
  }

  /** The paths of all files in the home folder. */
  get files(): string[] {
    return [...filesIn(this.home)].sort();
  }

  tunnel(
    provision: boolean | ProvisionOptions = { from: this.fake },
    machine: Partial<BareMachine> = {},
    options: TunnelOptions = {},
    host?: string,
  ): Bare {
    return new Bare({ home: this.home, ...machine }, { provision, ...options }, host);
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.home, { recursive: true });
    Deno.removeSync(this.fake);
  }
}

function* filesIn(folder: string, prefix = ""): Generator<string> {
  for (const { name, isDirectory } of Deno.readDirSync(folder)) {
    if (isDirectory) yield* filesIn(`${folder}/${name}`, `${prefix}${name}/`);
    else yield prefix + name;
  }
}

/** Waits until a home folder is empty. */
export async function untilNothingIn(folders: Folders): Promise<void> {
  while (folders.files.length > 0) await new Promise((resolve) => setTimeout(resolve, 20));
}
