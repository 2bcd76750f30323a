/**
 * The network, or a server, will be there later: what ssh, docker, podman, kubectl and srun say.
 * ssh says "closed" and "reset" when a server has too many logins under way or is starting.
 */
const NOT_READY = new RegExp(
  [
    /connection (refused|timed out|reset|closed)/,
    /(operation|socket) timed out|i\/o timeout|TLS handshake timeout/,
    /no route to host|(network|host) is (unreachable|down)/,
    /temporary failure in name resolution/,
    /kex_exchange_identification|banner exchange|not allowed at this time/,
    // pam_nologin, while a host boots or shuts down.
    /system is (booting up|going down)/,
    /cannot connect to the docker daemon|connection to the server .* was refused/,
    /unable to contact slurm controller/,
  ].map(({ source }) => source).join("|"),
  "i",
);

/** Time does not mend this. */
const REFUSED =
  /permission denied|verification failed|host identification|no matching|authentication|account/i;

/**
 * Whether the network or the server was not ready, so that another attempt may succeed.
 *
 * @param stderr What the process has printed that should have led to a shell at the far end.
 */
export function isNotReady(stderr: string): boolean {
  // sudo warns of names that it cannot look up, and goes on.
  const said = stderr.replaceAll(/^sudo: .*/gm, "");
  return NOT_READY.test(said) && !REFUSED.test(said);
}
