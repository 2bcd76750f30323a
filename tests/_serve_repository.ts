import { fileURLToPath } from "node:url";

/** The folder of the repository. */
export const ROOT: string = fileURLToPath(new URL("..", import.meta.url));

/** The repository, served by HTTP. */
export interface ServedRepository extends AsyncDisposable {
  readonly base: string;
  /** The paths that were asked for. */
  readonly paths: readonly string[];
}

/** Serves the repository on loopback, as any web server would. */
export function serveRepository(): ServedRepository {
  const paths: string[] = [];
  const server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen: () => {} },
    async (request) => {
      const { pathname } = new URL(request.url);
      paths.push(pathname);
      try {
        const body = await Deno.readFile(`${ROOT}${decodeURIComponent(pathname)}`);
        return new Response(body, { headers: { "content-type": "application/typescript" } });
      } catch {
        return new Response("Not here", { status: 404 });
      }
    },
  );
  return {
    base: `http://127.0.0.1:${server.addr.port}`,
    paths,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}
