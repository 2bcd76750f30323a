/**
 * What programs in front of an agent say when the agent's shell was ended by a signal, as it is by
 * `close()`: srun (and its daemon at the far end), and kubectl.
 */
const NOTICE = /^(srun: |slurmstepd: |command terminated with exit code \d+$)/;

/** Whether a line of stderr only tells that the far end has ended, which is known without it. */
export function isClientNotice(line: string): boolean {
  return NOTICE.test(line);
}
