import { assertEquals, assertStringIncludes } from "@std/assert";
import { needing } from "../../services/services.ts";
import { soon } from "../_deadline.ts";
import { everyAgent, Hidden } from "../_hidden.ts";
import { makeProject } from "../_project.ts";

const FILES = {
  "twice.ts": "export const twice = (n: number): number => n * 2;",
  "later.ts": 'export const later: string = "later";',
  "web.ts": `
    import { twice } from "./twice.ts";
    self.onmessage = async ({ data }: MessageEvent) => {
      const { later } = await import("./later.ts");
      (self as any).postMessage([twice(data), later, import.meta.url, self.name]);
    };`,
  "thread.ts": `
    import process from "node:process";
    import { isMainThread, parentPort, workerData } from "node:worker_threads";
    import { twice } from "./twice.ts";
    parentPort!.on("message", (n: number) => {
      parentPort!.postMessage([twice(n), workerData, isMainThread, process.argv[1]]);
      if (n === 2) process.exit(3);
    });`,
  "nested.ts": `
    import { parentPort, Worker } from "node:worker_threads";
    const worker = new Worker(new URL("./thread.ts", import.meta.url), { workerData: "inner" });
    worker.once("message", (message) => {
      parentPort!.postMessage(message);
      worker.terminate();
    });
    worker.postMessage(5);`,
  "captured.ts": `
    import * as threads from "node:worker_threads";
    export const web = () => {
      const Kind = Worker;
      return async () => {
        const worker = new Kind(new URL("./web.ts", import.meta.url), { type: "module", name: "c" });
        worker.postMessage(2);
        const got = await new Promise((done) => worker.onmessage = ({ data }) => done(data));
        worker.terminate();
        return [got, worker instanceof Kind];
      };
    };
    export const thread = () => {
      const Kind = threads.Worker;
      return async () => {
        const worker = new Kind(new URL("./thread.ts", import.meta.url), { workerData: 5 });
        worker.postMessage(1);
        const got = await new Promise((done) => worker.once("message", done));
        await worker.terminate();
        return got;
      };
    };`,
  "throws.ts": 'throw new Error("not today");',
  "unloadable.ts": 'import "./nothing.ts";',
  "mod.ts": `
    import { fork } from "node:child_process";
    import { once } from "node:events";
    import { Worker as Thread } from "node:worker_threads";
    const reason = (error: Error) => error.message;

    export async function web(): Promise<unknown> {
      const worker = new Worker(new URL("./web.ts", import.meta.url), { type: "module", name: "w" });
      const got: unknown[] = [];
      worker.postMessage(4);
      await new Promise<void>((done) => {
        worker.onmessage = ({ data }) => {
          got.push(data);
          if (got.length === 2) done();
          else worker.postMessage(6);
        };
      });
      worker.terminate();
      return [got, worker instanceof Worker];
    }
    export async function thread(): Promise<unknown> {
      const worker = new Thread(new URL("./thread.ts", import.meta.url), { workerData: { x: [1] } });
      const got: unknown[] = [];
      worker.on("message", (message) => got.push(message));
      for (const n of [1, 2]) worker.postMessage(n);
      const [code] = await once(worker, "exit");
      return [got, code];
    }
    export async function path(): Promise<unknown> {
      const worker = new Thread(import.meta.dirname + "/thread.ts", { workerData: 5 });
      worker.postMessage(2);
      return (await once(worker, "message"))[0];
    }
    export async function nested(): Promise<unknown> {
      const worker = new Thread(new URL("./nested.ts", import.meta.url));
      const [message] = await once(worker, "message");
      await worker.terminate();
      return message;
    }
    export const throwing = async () =>
      await once(new Thread(new URL("./throws.ts", import.meta.url)), "exit").catch(reason);
    export const broken = async () =>
      await once(new Thread(new URL("./unloadable.ts", import.meta.url)), "exit").catch(reason);
    export const forked = () => fork(import.meta.dirname + "/thread.ts");
  `,
  "node_modules/pool/package.json": '{ "name": "pool", "version": "1.0.0" }',
  "node_modules/pool/shared.cjs": `
    const { times } = require("./times.mjs");
    exports.square = (n) => times(n, n);`,
  "node_modules/pool/times.mjs": "export const times = (a, b) => a * b;",
  "node_modules/pool/data.txt": "data",
  "node_modules/pool/worker.cjs": `
    const { parentPort, workerData } = require("worker_threads");
    const { readFileSync } = require("fs");
    const { join } = require("path");
    const { square } = require("./shared.cjs");
    parentPort.postMessage([square(workerData), readFileSync(join(__dirname, "data.txt"), "utf8")]);`,
  "node_modules/pool/index.cjs": `
    const path = require("path");
    const { Worker } = require("worker_threads");
    exports.run = (n) => new Promise((done, fail) => {
      new Worker(path.join(__dirname, "worker.cjs"), { workerData: n }).on("message", done)
        .on("error", fail);
    });
    exports.text = () => new Promise((done, fail) => {
      const script = 'require("worker_threads").parentPort.postMessage(typeof __filename)';
      new Worker(script, { eval: true }).on("message", done).on("error", fail);
    });`,
};

Deno.test(needing(
  ["deno", "node", "sudo"],
  "Modules that were sent run as web workers and threads, where the disk is hidden",
  async (t) => {
    await using project = await makeProject(FILES);
    const { folder } = project;
    const module = await import(`file://${folder}/mod.ts`);
    const captured = await import(`file://${folder}/captured.ts`);
    const pool = (await import(`file://${folder}/node_modules/pool/index.cjs`)).default;
    const byValue = async (folder: string) => {
      const worker = new Worker(new URL(`file://${folder}/web.ts`), { type: "module", name: "v" });
      const got = new Promise((done) => worker.onmessage = ({ data }) => done(data));
      worker.postMessage(1);
      return await got.finally(() => worker.terminate());
    };
    for (const [name, options] of Object.entries(everyAgent())) {
      await t.step(`${name}, by classes that are captured`, async () => {
        for (const run of [captured.web(), captured.thread()]) {
          // Nothing that was sent before tells that workers are started.
          await using tun = new Hidden([folder], { ...options });
          assertEquals(await soon(tun.call(run), "the worker"), await run());
        }
      });
      await t.step(name, async () => {
        await using tun = new Hidden([folder], { ...options });
        for (const way of ["web", "thread", "path", "nested"]) {
          assertEquals(await tun.call(module[way]), await module[way]());
        }
        assertEquals(await tun.call(pool.run, 3), [9, "data"]);
        assertEquals(await tun.call(pool.text), await pool.text());
        assertEquals(await tun.call(byValue, folder), await byValue(folder));
        assertEquals(await tun.call(module.throwing), "not today");
        assertStringIncludes(String(await tun.call(module.broken)), "nothing.ts");
        const forked = await tun.call(module.forked).catch((error: Error) => error.message);
        assertStringIncludes(String(forked), "is not on the disk here");
      });
    }
  },
));
