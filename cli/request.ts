import type { Command } from "../agent/sh.ts";
import type { PutOptions, SyncOptions } from "../tunnel/file_options.ts";
import type { FactName } from "./host_facts.ts";

/** What is to be done on each host. */
export type Task =
  | { readonly kind: "command"; readonly command: Command; readonly stdin: boolean }
  | {
    readonly kind: "call";
    /** The module, as it was written. */
    readonly module: string;
    readonly name: string;
    readonly args: readonly unknown[];
  }
  | {
    readonly kind: "put";
    /** The file here; `-` is stdin. */
    readonly file: string;
    readonly path: string | undefined;
    readonly options: PutOptions;
  }
  | { readonly kind: "fetch"; readonly path: string; readonly file: string }
  | {
    readonly kind: "fetchDir";
    readonly path: string;
    readonly folder: string;
    readonly options: SyncOptions;
  }
  | {
    readonly kind: "sync";
    readonly folder: string;
    readonly path: string;
    readonly options: SyncOptions;
  }
  | { readonly kind: "facts"; readonly names: readonly FactName[] };

/** Which hosts there are, and how they are reached. */
export interface Reach {
  readonly hosts: string;
  readonly inventory: string | undefined;
  readonly kind: "ssh" | "local" | "docker";
  readonly image: string | undefined;
  readonly dockerArgs: readonly string[];
  readonly user: string | undefined;
  readonly port: number | undefined;
  readonly sshArgs: readonly string[];
  /** The user to become; `undefined` for nobody. */
  readonly sudo: string | undefined;
  readonly asksPassword: boolean;
  readonly asksSudoPassword: boolean;
  readonly retries: number | undefined;
  readonly runtime: "deno" | "node" | "auto" | undefined;
  readonly provision: boolean;
  readonly concurrency: number | undefined;
}

/** What a command line asks for. */
export interface Request {
  readonly task: Task;
  readonly reach: Reach;
  /** In milliseconds, for each host. */
  readonly timeout: number | undefined;
  readonly maxFailures: number | string | undefined;
  readonly stream: boolean;
  readonly json: boolean;
}
