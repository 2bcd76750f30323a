// Writes what a command prints at a host into a file here: backup.ts db1 app.sql.gz 'pg_dump app'
import process from "node:process";
import { Local, Tunnel } from "@chopsticks/chopsticks";
import { bytes } from "@chopsticks/chopsticks/sh";

const [host = "db1", file = "app.sql.gz", command = "pg_dump app"] = Deno.args;

await using db = new Tunnel(host);
await using here = new Local();
const dump = ReadableStream.from(await db.call(bytes, command));
const { sha1sum } = await here.put(dump.pipeThrough(new CompressionStream("gzip")), file, {
  mode: 0o600,
  onProgress: ({ bytes }) => process.stderr.write(`\r${(bytes / 2 ** 20).toFixed(1)} MiB`),
});
process.stderr.write("\n");
console.log(`${sha1sum}  ${file}`); // a line for sha1sum --check
