import { Local } from "../../mod.ts";
import { Network } from "./_network.ts";
import { Server } from "./_server.ts";

/** What one moment after the other uses: nothing in it is shared with moments beside them. */
export class Lane implements AsyncDisposable {
  /** A folder for files. */
  readonly folder: string;
  /** A tunnel of this process, for the transfers that come after all. */
  readonly tunnel: Local = new Local("after");
  /** On loopback. */
  readonly server: Server;
  /** With a cable in between; there is none if this machine does not let us. */
  readonly apart: { readonly network: Network; readonly server: Server } | undefined;
  readonly #stack: AsyncDisposableStack;

  private constructor(
    folder: string,
    server: Server,
    apart: Lane["apart"],
    stack: AsyncDisposableStack,
  ) {
    this.folder = folder;
    this.server = server;
    this.apart = apart;
    this.#stack = stack;
    stack.use(this.tunnel);
  }

  /**
   * Starts the servers.
   *
   * @param number Of lanes that run side by side, each has another one.
   */
  static async create(folder: string, number: number): Promise<Lane> {
    await using stack = new AsyncDisposableStack();
    Deno.mkdirSync(folder);
    const server = stack.use(await Server.start(folder, "127.0.0.1"));
    const network = await Network.create(`churn-${Deno.pid}-${number}`);
    if (network === undefined) return new Lane(folder, server, undefined, stack.move());
    stack.use(network);
    const far = stack.use(await Server.start(folder, network.address, network.there));
    return new Lane(folder, server, { network, server: far }, stack.move());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
    await Deno.remove(this.folder, { recursive: true });
  }
}
