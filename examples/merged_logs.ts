// Shows the logs of hosts as one, until a line matches: merged_logs.ts 'web[1-9]' app.log ready
import { ErrorResult, Group, hosts, visible } from "@chopsticks/chopsticks";
import { lines } from "@chopsticks/chopsticks/sh";

const [names = "web[1-9]", file = "/var/log/syslog", pattern = "error"] = Deno.args;

await using group = new Group(hosts(names));
for await (const [host, line] of group.follow(lines, ["tail", "-n0", "-F", file])) {
  if (line instanceof ErrorResult) {
    console.error(`${host}: ${line.reason}`);
  } else {
    console.log(`${host}: ${visible(line)}`);
    if (line.match(pattern)) break;
  }
}
