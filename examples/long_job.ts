// Does long work on many hosts, and tells how far each is; at Ctrl-C all clear up before they end.
import { callback, Group, hosts } from "@chopsticks/chopsticks";
const [names = "web[1-9]", dir = "/tmp"] = Deno.args;
async function work(stop: AbortSignal, tell: (percent: number) => Promise<void>) {
  const file = await Deno.makeTempFile({ dir });
  try {
    for (let percent = 10; percent <= 100; percent += 10) {
      await new Promise((resolve) => setTimeout(resolve, 500)); // the work
      stop.throwIfAborted();
      await tell(percent);
    }
  } finally {
    await Deno.remove(file);
  }
}
await using web = new Group(hosts(names));
const stop = new AbortController(); // an argument: then the call goes on until work() has ended
Deno.addSignalListener("SIGINT", () => stop.abort());
const teller = (host: string) => callback((percent: number) => console.log(`${host} ${percent}%`));
console.log(await web.each((tun) => tun.call(work, stop.signal, teller(tun.host))));
