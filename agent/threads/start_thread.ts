import vm from "node:vm";
import * as threads from "node:worker_threads";
import { setAgentHost } from "../agent_host.ts";
import { PATHS_MODULE, WORKERS_MODULE } from "../protocol/module_record.ts";
import type { SentFile, ServedEntry } from "../protocol/sent_file.ts";
import { type AskForModule, Loader } from "../runtime/loader.ts";
import { setMainModule } from "../runtime/main_module.ts";
import { nodeProcess } from "../runtime/node_process.ts";
import { SourcePositions } from "../runtime/source_positions.ts";
import { Questions } from "./questions.ts";
import type { Replace, ThreadData } from "./thread_init.ts";
import { becomeWebWorker, EarlyMessages } from "./web_messages.ts";

/** What is used of the agent's part for files that are opened by path. */
interface Paths {
  openPaths(options: object): { readonly files: SentFile[]; add(files: readonly SentFile[]): void };
}

/**
 * Runs the module of a worker that was started with a `ThreadInit`.
 *
 * @param open Has it start such workers, and gives it what else it should see in
 * `node:worker_threads`.
 */
export async function startThread(open: (replace: Replace, own: object) => void): Promise<void> {
  const given = threads.workerData as ThreadData | null | undefined;
  const early = "Deno" in globalThis
    ? new EarlyMessages(given?.chopsticks === undefined)
    : undefined;
  const release = given?.webName === undefined ? undefined : becomeWebWorker(given.webName);
  const init = given?.chopsticks ?? await early!.first;
  const { entry, records, files, port, path, depthLimit, serve } = init;
  const questions = new Questions(port, (records) => loader.define(records));
  const ask: AskForModule = async (...question) =>
    await questions.ask("module", ...question) as string;
  const file = async (url: string): Promise<Uint8Array | undefined> =>
    await questions.ask("file", url) as Uint8Array | undefined;
  const look = async (url: string): Promise<ServedEntry | undefined> =>
    await questions.ask("look", url) as ServedEntry | undefined;

  const positions = new SourcePositions();
  positions.install();
  const loader = new Loader(vm, ask, positions);
  await loader.define(records);
  const replace: Replace = (id, exports) => loader.replace(id, exports);
  let sent = (): readonly SentFile[] => [];
  setAgentHost({
    ...{ path, depthLimit, serve, file, look, ask },
    files: () => sent(),
    record: (id) => loader.record(id),
    namespace: (id) => loader.loaded(id),
    units: () => [],
    callSignal: () => undefined,
  });
  if (files !== undefined) {
    const { openPaths } = await loader.import(PATHS_MODULE) as unknown as Paths;
    const tree = openPaths({ serve, file, look, replace });
    tree.add(files);
    sent = () => tree.files;
  }
  open(replace, given?.chopsticks === undefined ? {} : { workerData: given.data });
  setMainModule(entry);
  nodeProcess(); // before a module sees it
  const isSent = loader.record(entry) !== undefined;
  await loader.import(isSent ? entry : await ask(entry, WORKERS_MODULE, undefined));
  early?.release();
  release?.();
}
