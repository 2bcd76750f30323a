import { Buffer } from "node:buffer";

/**
 * What programs in front of an agent say when the agent's shell was ended by a signal, as it is by
 * `close()`: srun (and its daemon at the far end), and kubectl.
 */
const NOTICE = /^(srun: |slurmstepd: |command terminated with exit code \d+$)/;

/** What kubectl says on stdout, where frames come from, when its pod has ended. */
const OUTPUT_NOTICE = /pod "[a-z0-9.-]+" deleted( from \S+ namespace)?\r?\n$/;

/** A longer notice is not looked for. */
const MAX_OUTPUT_NOTICE = 1024;

/** Whether a line of stderr only tells that the far end has ended, which is known without it. */
export function isClientNotice(line: string): boolean {
  return NOTICE.test(line);
}

/** Where in a piece of stdout a notice begins that ends it; `undefined` if there is none. */
export function findOutputNotice(chunk: Uint8Array): number | undefined {
  if (chunk.at(-1) !== 10) return undefined;
  const tail = Buffer.from(chunk.subarray(-MAX_OUTPUT_NOTICE)).toString("latin1");
  const notice = OUTPUT_NOTICE.exec(tail);
  return notice === null ? undefined : chunk.length - tail.length + notice.index;
}
