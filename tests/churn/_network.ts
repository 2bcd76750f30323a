import { command } from "../services/command.ts";

/** The addresses at both ends of the cable. Only the two namespaces know them. */
const HERE = "192.0.2.1";
const THERE = "192.0.2.2";

/** Two network namespaces with a cable between them, which can be pulled out. */
export class Network implements AsyncDisposable {
  /** The namespaces at both ends. */
  readonly here: string;
  readonly there: string;
  /** The address of the far end. */
  readonly address: string = THERE;
  readonly #cable: string;

  private constructor(name: string) {
    this.here = `${name}-here`;
    this.there = `${name}-there`;
    this.#cable = "cable";
  }

  /**
   * Makes the namespaces.
   *
   * @param name A name that no other network has.
   * @returns `undefined` if this machine does not let us.
   */
  static async create(name: string): Promise<Network | undefined> {
    const network = new Network(name);
    const { here, there } = network;
    const cable = network.#cable;
    const commands = [
      `netns add ${here}`,
      `netns add ${there}`,
      `link add ${cable} netns ${here} type veth peer name ${cable} netns ${there}`,
      ...[[here, HERE], [there, THERE]].flatMap(([end, address]) => [
        `-n ${end} address add ${address}/24 dev ${cable}`,
        `-n ${end} link set lo up`,
        `-n ${end} link set ${cable} up`,
      ]),
    ];
    for (const line of commands) {
      const { success } = await command(["ip", ...line.split(" ")]);
      if (success) continue;
      await network[Symbol.asyncDispose]();
      return undefined;
    }
    return network;
  }

  /** Has the cable pulled out (`down`), or loses packets on the way `there` or `back`. */
  async lose(how: string): Promise<void> {
    if (how === "down") await this.#set("down");
    else if (how === "lose there") await this.#route("add", this.here, THERE);
    else await this.#route("add", this.there, HERE);
  }

  /** Undoes {@linkcode lose}. */
  async mend(): Promise<void> {
    await this.#set("up");
    await this.#route("delete", this.here, THERE);
    await this.#route("delete", this.there, HERE);
  }

  async #set(state: "up" | "down"): Promise<void> {
    await command(["ip", "-n", this.here, "link", "set", this.#cable, state]);
  }

  async #route(what: "add" | "delete", from: string, to: string): Promise<void> {
    await command(["ip", "-n", from, "route", what, "blackhole", to]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const name of [this.here, this.there]) await command(["ip", "netns", "delete", name]);
  }
}
