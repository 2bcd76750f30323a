import { service } from "../services/services.ts";
import type { Process } from "../services/processes.ts";
import { contentOf } from "./_contents.ts";
import { Controller, type ControllerEnd } from "./_controller.ts";
import { damagedIn, incompleteIn, namesIn } from "./_damage.ts";
import type { Lane } from "./_lane.ts";
import { idOf, MARK, partsOf, type Roots, targetsAmong } from "./_parts.ts";
import type { Plan, Target } from "./_plan.ts";
import { type Lost, TCPRelay } from "./_tcp_relay.ts";
import { prepareFolder } from "./fixture/works.ts";

/** Milliseconds between pings: three of them without a sign of life are a lost connection. */
const KEEP_ALIVE = 1_500;

/** Milliseconds until a controller must have ended: longer than it waits itself. */
const END_BOUND = 90_000;

/** Milliseconds until nothing may be left, on a machine that has much else to do. */
const LEFT_BOUND = 30_000;

/** What waits for TCP to give the link up. */
const WITHOUT_LINK: readonly Target[] = ["session"];

/** Milliseconds for which the work goes on after the hit. */
const AFTERMATH = 150;

/** How a moment went. */
export interface Outcome {
  /** What should not have happened. */
  readonly problems: readonly string[];
  /** How many pieces of work were done by then. */
  readonly done: number;
  /** Whether there was nothing to hit, as before a connection is up. */
  readonly missed: boolean;
}

/** Lets all kinds of work run, hits something, and looks at what comes of it. */
export async function runMoment(lane: Lane, plan: Plan): Promise<Outcome> {
  const mark = crypto.randomUUID();
  const folder = `${lane.folder}/${mark}`;
  prepareFolder(folder);
  try {
    return await new Moment(lane, plan, mark, folder).run();
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

class Moment {
  readonly #lane: Lane;
  readonly #plan: Plan;
  readonly #mark: string;
  readonly #folder: string;
  readonly #problems: string[] = [];
  #missed = false;

  constructor(lane: Lane, plan: Plan, mark: string, folder: string) {
    this.#lane = lane;
    this.#plan = plan;
    this.#mark = mark;
    this.#folder = folder;
  }

  async run(): Promise<Outcome> {
    const { target, early, endsAlone } = this.#plan;
    const { server, apart } = this.#lane;
    const network = target === "network" ? apart?.network : undefined;
    const far = network === undefined ? server : apart!.server;
    await using relay = network === undefined ? new TCPRelay(server.port) : undefined;
    const controller = this.#start(far.sshArgs(relay?.port), network?.here);
    const roots: Roots = { mark: this.#mark, pids: [controller.pid, far.pid] };

    if (!early) await within(END_BOUND, controller.up);
    await pause(this.#plan.delay);
    const parts = partsOf(roots);
    const hitAt = Date.now();
    await network?.lose(this.#plan.how);
    const stopped = network === undefined ? this.#hit(controller, relay!, parts) : [];
    await pause(AFTERMATH);
    controller.stop(network === undefined);
    let end = await within(END_BOUND, controller.end);
    if (end === undefined) {
      this.#problems.push(`the controller has not ended after ${END_BOUND} ms`);
      controller.signal("SIGKILL");
      end = await controller.end;
    }
    this.#judge(end, hitAt);

    const left = { ...roots, pids: [far.pid] };
    if (endsAlone) await this.#expectNothingLeft(parts, left, WITHOUT_LINK);
    // A link that is dead for one end, and a part that is stopped, would stay so for ever.
    await network?.mend();
    await relay?.cut();
    for (const { pid } of stopped) send(pid, "SIGCONT");
    await this.#expectNothingLeft(parts, left);
    await this.#checkFiles(end.report === undefined);
    return { problems: this.#problems, done: end.report?.done ?? 0, missed: this.#missed };
  }

  #start(sshArgs: string[], namespace: string | undefined): Controller {
    const { way, runtime, handles, busy } = this.#plan;
    const folder = this.#folder;
    const isDeno = runtime === "deno";
    return new Controller({
      settings: {
        folder,
        way,
        sshArgs,
        runtime: isDeno ? "deno" : "node",
        interpreter: isDeno ? service("deno").path : service("node").paths[runtime],
        keepAlive: KEEP_ALIVE,
        env: { [MARK]: this.#mark, TMPDIR: `${folder}/tmp-there` },
        handles,
        busy,
      },
      env: { [MARK]: this.#mark, TMPDIR: `${folder}/tmp-here` },
      namespace,
    });
  }

  /** Does what is planned. Gives those that are stopped now, and that nothing here would end. */
  #hit(controller: Controller, relay: TCPRelay, parts: readonly Process[]): readonly Process[] {
    const { target, how } = this.#plan;
    if (target === "controller") controller.signal(how as Deno.Signal);
    else if (target !== "link") {
      const hit = targetsAmong(parts, target);
      this.#missed = hit.length === 0;
      for (const { pid } of hit) send(pid, how as Deno.Signal);
      return target === "session" && how === "SIGSTOP" ? hit : [];
    } else if (how === "close") relay.cut();
    else relay.lose(how === "drop both" ? ["there", "back"] : [how.slice("drop ".length) as Lost]);
    return [];
  }

  #judge({ status, stderr, report }: ControllerEnd, hitAt: number): void {
    const { target, how, handles, early } = this.#plan;
    if (stderr !== "") this.#problems.push(`the controller says: ${stderr.trim()}`);
    const isKilled = target === "controller" && (!handles || how === "SIGKILL" || early);
    if (isKilled && !status.success) return;
    if (!status.success) this.#problems.push(`the controller ended with ${Deno.inspect(status)}`);
    if (report === undefined) return void this.#problems.push("the controller tells nothing");
    this.#problems.push(...report.problems);
    const { failed } = report;
    if (failed !== undefined && failed.at < hitAt) {
      this.#problems.push(`failed ${hitAt - failed.at} ms before the hit: ${failed.how}`);
    }
  }

  /** @param spared What may be there. */
  async #expectNothingLeft(
    parts: readonly Process[],
    roots: Roots,
    spared: readonly Target[] = [],
  ): Promise<void> {
    const known = new Set(parts.map(idOf));
    const end = Date.now() + LEFT_BOUND;
    for (;;) {
      const all = partsOf({ ...roots, known });
      const isSpared = new Set(spared.flatMap((target) => targetsAmong(all, target)));
      const left = all.filter((process) => !isSpared.has(process));
      if (left.length === 0) return;
      if (Date.now() > end) {
        const list = left.map(({ pid, command }) => `${pid} (${command.slice(0, 100)})`);
        const state = spared.length === 0 ? "" : " while the link is dead";
        this.#problems.push(`still there after ${LEFT_BOUND} ms${state}: ${list.join(", ")}`);
        for (const { pid } of left) send(pid, "SIGKILL");
        return;
      }
      await pause(20);
    }
  }

  async #checkFiles(wasKilled: boolean): Promise<void> {
    const [here, there] = [`${this.#folder}/here`, `${this.#folder}/there`];
    // A controller that is killed may have been writing the tree that it was to send.
    this.#problems.push(...damagedIn(here, ["tree/"]), ...damagedIn(there));
    // The next transfers to these folders clear up after a process that was killed.
    const { tunnel } = this.#lane;
    await tunnel.put(contentOf(1), `${there}/after`);
    await tunnel.fetch(`${there}/after`, `${here}/after`);
    await tunnel.sync(`${here}/tree`, `${there}/tree`);
    await tunnel.fetchDir(`${there}/a`, `${here}/copy`);
    const left = [...incompleteIn(here), ...incompleteIn(there)];
    if (left.length > 0) this.#problems.push(`incomplete files are left: ${left.join(", ")}`);
    for (const name of ["tmp-here", "tmp-there"]) {
      const names = namesIn(`${this.#folder}/${name}`)
        // A later controller removes it, after an hour.
        .filter((one) => !wasKilled || !one.startsWith("chopsticks-login-"));
      if (names.length > 0) this.#problems.push(`left in ${name}: ${names.join(", ")}`);
    }
  }
}

function send(pid: number, signal: Deno.Signal): void {
  try {
    Deno.kill(pid, signal);
  } catch {
    // It has ended.
  }
}

async function pause(milliseconds: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** What a promise gives; `undefined` if that takes too long. */
async function within<T>(milliseconds: number, promise: Promise<T>): Promise<T | undefined> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), milliseconds);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
