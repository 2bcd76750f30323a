import { Fifo } from "../../agent/wire/fifo.ts";
import { abortable, coreOf, signalOf } from "./operation.ts";
import type { Core } from "./link.ts";
import type { BaseTunnel } from "../base_tunnel.ts";

/** Each transfer of a file has it open at both ends, and systems do not let a process have many. */
const MAX_AT_ONCE = 100;

/** The transfers on one tunnel. */
interface Transfers {
  running: number;
  /** Each begins one that waits, and returns whether that was still wanted. */
  readonly waiting: Fifo<() => boolean>;
}

const transfers = new WeakMap<Core, Transfers>();

/**
 * Has `work` open a file, and be done with it: at once, or when fewer of the tunnel's files are open. It must not wait for
 * another transfer, as one from a stream might.
 *
 * @param own The signal of the operation; that of the tunnel counts, too.
 */
export async function whileFewAreOpen<T>(
  tunnel: BaseTunnel,
  own: AbortSignal | undefined,
  work: () => Promise<T>,
): Promise<T> {
  const all = transfersOf(coreOf(tunnel));
  if (all.running < MAX_AT_ONCE) all.running++;
  else await takeTurn(all, signalOf(tunnel, own));
  try {
    return await work();
  } finally {
    endTurn(all);
  }
}

async function takeTurn(all: Transfers, signal: AbortSignal | undefined): Promise<void> {
  let isWanted = true;
  let hasTurn = false;
  const turn = new Promise<void>((resolve) =>
    all.waiting.push(() => {
      hasTurn = isWanted;
      resolve();
      return isWanted;
    })
  );
  try {
    await abortable(turn, signal);
  } catch (error) {
    isWanted = false;
    // It may come in the same moment as the abort.
    if (hasTurn) endTurn(all);
    throw error;
  }
}

/** Leaves it to the next one. */
function endTurn(all: Transfers): void {
  while (all.waiting.length > 0) if (all.waiting.shift()!()) return;
  all.running--;
}

function transfersOf(core: Core): Transfers {
  let found = transfers.get(core);
  if (found === undefined) {
    found = { running: 0, waiting: new Fifo() };
    transfers.set(core, found);
  }
  return found;
}
