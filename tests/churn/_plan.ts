import { Random } from "../agent/_random.ts";
import { NODE_MAJORS, type NodeMajor } from "../services/services.ts";

/** How the agent is reached. */
export type Way = "local" | "ssh";

/** What may be hit, and how: by a signal, or in one of the ways in which a link ends. */
export const HITS = {
  local: {
    controller: ["SIGKILL", "SIGTERM", "SIGINT"],
    agent: ["SIGKILL", "SIGTERM", "SIGSEGV", "SIGSTOP"],
    shell: ["SIGKILL", "SIGTERM"],
    relay: ["SIGKILL", "SIGTERM"],
    signs: ["SIGKILL", "SIGTERM"],
  },
  ssh: {
    controller: ["SIGKILL", "SIGTERM", "SIGINT"],
    agent: ["SIGKILL", "SIGTERM", "SIGSEGV", "SIGSTOP"],
    shell: ["SIGKILL", "SIGTERM"],
    relay: ["SIGKILL", "SIGTERM"],
    signs: ["SIGKILL", "SIGTERM"],
    reaper: ["SIGKILL", "SIGTERM"],
    ssh: ["SIGKILL", "SIGTERM", "SIGSTOP"],
    session: ["SIGKILL", "SIGTERM", "SIGSTOP"],
    link: ["drop there", "drop back", "drop both", "close"],
    network: ["down", "lose there", "lose back"],
  },
} as const;

/** What is hit: a process by its part, or the link. */
export type Target = keyof typeof HITS["ssh"];

/** What happens at one moment: the same for the same seed. */
export interface Plan {
  readonly way: Way;
  readonly runtime: "deno" | NodeMajor;
  readonly target: Target;
  /** A signal, or what befalls the link. */
  readonly how: string;
  /** Whether it is counted from the controller's start, not from when all work is under way. */
  readonly early: boolean;
  /** Milliseconds until the hit. */
  readonly delay: number;
  /** Whether all at the far end ends by itself, although the link stays as it is. */
  readonly endsAlone: boolean;
  /** Whether the controller handles signals: it aborts its work and closes the tunnel. */
  readonly handles: boolean;
  /** Whether a call lets nothing else run at the far end now and then. */
  readonly busy: boolean;
}

/** What may make a link silent, so that neither end is told. */
const SILENT: ReadonlySet<string> = new Set<Target>(["link", "network", "session"]);

/** Milliseconds after which a controller gives signs of life for certain: a thread has to start. */
const SIGNS_DELAY = 5_000;

/** The plan of a moment. */
export function planOf(seed: number, moment: number): Plan {
  const random = new Random(Math.imul(seed, 1_000_003) + moment);
  const one = <T>(values: readonly T[]): T => values[random.below(values.length)]!;
  const way = one(["local", "ssh", "ssh"] as const);
  const hits: Readonly<Partial<Record<Target, readonly string[]>>> = HITS[way];
  // The controller and the link are what is lost most often.
  const target = one(
    Object.keys(hits).flatMap((key) => {
      const weight = key === "controller" ? 3 : ["link", "network", "agent"].includes(key) ? 2 : 1;
      return Array<Target>(weight).fill(key as Target);
    }),
  );
  const how = one(hits[target]!);
  // Only an agent that counts notices this, and then tells the controller.
  const mustCount = how === "drop there";
  const early = !mustCount && random.below(5) === 0;
  const isSilent = !early && SILENT.has(target);
  const delay = (mustCount ? SIGNS_DELAY : 0) +
    random.below(early ? 1_500 : isSilent ? 2 * SIGNS_DELAY : 800);
  return {
    way,
    runtime: one(["deno", one(NODE_MAJORS)] as const),
    target,
    how,
    early,
    delay,
    endsAlone: !SILENT.has(target) || !early && delay >= SIGNS_DELAY,
    handles: random.below(2) === 0,
    busy: random.below(4) === 0,
  };
}

/** A plan in words. */
export function describePlan(plan: Plan): string {
  const { way, runtime, target, how, early, delay, handles, busy } = plan;
  const agent = runtime === "deno" ? "Deno" : `Node ${runtime}`;
  return `${
    way === "ssh" ? "SSHTunnel" : "Local"
  }, ${agent}: ${target} ${how}, ${delay} ms after ` +
    `${early ? "the start" : "all work was under way"}${handles ? ", signals handled" : ""}` +
    `${busy ? ", agent busy now and then" : ""}`;
}
