// Opens a port behind a bastion as one of this machine, until Ctrl-C: bastion_port.ts jump db1 5432
import { Tunnel } from "@chopsticks/chopsticks";

const [bastion = "jump.example.com", hostname = "db1", port = "5432"] = Deno.args;

await using tun = new Tunnel(bastion);
await using forward = await tun.forward({ to: { hostname, port: Number(port) } });
console.log(`${hostname}:${port} is at 127.0.0.1:${forward.addr.port}`);
await forward.closed;
