// Moves the link `current` of hosts to a copy of ./site, a quarter at a time; if one fails, back.
import { Group, hosts } from "@chopsticks/chopsticks";
import { sh } from "@chopsticks/chopsticks/sh";
const [names = "web[1-8]", cwd = "/srv/app", restart = "systemctl restart app"] = Deno.args;
const release = `release-${Date.now()}`;
const use = (name: string) => `ln -sfn "${name}" current && ${restart}`;

await using web = new Group(hosts(names));
(await web.sync("site", `${cwd}/${release}`)).raiseFailures();
(await web.call(sh, 'ln -sfn "$(readlink current)" previous', { cwd })).raiseFailures();
let begun = new Group([]);
try {
  for (const batch of web.batches("25%")) {
    begun = begun.union(batch);
    (await batch.call(sh, use(release), { cwd })).raiseFailures();
  }
} catch (error) {
  console.error("Going back:", await begun.call(sh, use("$(readlink previous)"), { cwd }));
  throw error;
}
