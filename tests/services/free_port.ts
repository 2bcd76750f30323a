/**
 * The first port that may be taken, and how many: below those that Linux, macOS and the BSDs give
 * to whoever asks for any. One of those could be somebody else's again before it is used.
 */
const FIRST = 10_000;
const COUNT = 22_000;

/** TCP ports of loopback that nothing listens on. */
export function freePorts(count: number): number[] {
  const listeners: Deno.TcpListener[] = [];
  while (listeners.length < count) {
    const port = FIRST + Math.floor(Math.random() * COUNT);
    try {
      listeners.push(Deno.listen({ hostname: "127.0.0.1", port }));
    } catch (error) {
      if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    }
  }
  return listeners.map((listener) => {
    listener.close();
    return listener.addr.port;
  });
}
