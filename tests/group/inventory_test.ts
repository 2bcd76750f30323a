import { assert, assertEquals, assertMatch, assertRejects, assertThrows } from "@std/assert";
import { homedir, userInfo } from "node:os";
import { inventory, type InventoryData } from "../../group/inventory.ts";
import { Container, Local, SSHTunnel, type SubprocessTunnel, Sudo } from "../../mod.ts";
import { needing, service } from "../services/services.ts";
import { sshArgs } from "../tunnel/_kinds.ts";

/** Writes files into a folder, and removes it at the end. */
async function folderWith(files: Readonly<Record<string, string>>): Promise<
  AsyncDisposable & { readonly path: string }
> {
  const path = await Deno.makeTempDir();
  for (const [name, text] of Object.entries(files)) {
    const folder = `${path}/${name}`.replace(/\/[^/]*$/, "");
    await Deno.mkdir(folder, { recursive: true });
    await Deno.writeTextFile(`${path}/${name}`, text);
  }
  return { path, [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }) };
}

const DATA: InventoryData = {
  hosts: {
    web1: { address: "10.0.0.1", connect: { user: "admin", port: 2222 }, rack: 7 },
    "db[1-2]": { connect: { sudo: "postgres" }, disk: { size: 100 } },
    lone: null,
  },
  groups: {
    web: ["web[1-4]"],
    db: "db[1-2]",
    prod: ["web,!web4", "db"],
    everything: ["prod", "extra"],
  },
};

/** The command of the only tunnel of a group. */
function commandOf(tunnels: Iterable<unknown>): string {
  const [tunnel] = tunnels;
  return (tunnel as SubprocessTunnel).command().join(" ");
}

Deno.test("inventory() reads hosts, groups of groups and variables from data", async () => {
  const all = await inventory(DATA);
  assertEquals(all.hosts, ["web1", "db1", "db2", "lone", "web2", "web3", "web4", "extra"]);
  assertEquals(Object.fromEntries(all.groups), {
    web: ["web1", "web2", "web3", "web4"],
    db: ["db1", "db2"],
    prod: ["web1", "web2", "web3", "db1", "db2"],
    everything: ["web1", "web2", "web3", "db1", "db2", "extra"],
  });
  assertEquals(all.vars("web1"), { rack: 7 });
  assertEquals(all.vars<{ disk: { size: number } }>("db2").disk.size, 100);
  assertEquals(all.vars("extra"), {});
  assertThrows(() => all.vars("web"), TypeError, 'The inventory has no host "web"');
});

Deno.test("Inventory.group() takes hosts and groups, and leaves out some", async () => {
  const all = await inventory(DATA);
  const cases: [expression: string, hosts: string][] = [
    ["web", "web1 web2 web3 web4"],
    ["web,!web3", "web1 web2 web4"],
    ["prod!db", "web1 web2 web3"],
    ["db2,prod", "db2 web1 web2 web3 db1"],
    ["all!prod", "lone web4 extra"],
    ["web[2-3],lone", "web2 web3 lone"],
    ["", ""],
  ];
  for (const [expression, hosts] of cases) {
    const expected = hosts === "" ? [] : hosts.split(" ");
    assertEquals(all.group(expression).hosts, expected, expression);
    assertEquals(all.select(expression), expected, expression);
  }
  assertThrows(
    () => all.group("web,wbe"),
    TypeError,
    'Cannot select the hosts "web,wbe": there is neither a host nor a group wbe; ' +
      "the groups are web, db, prod, everything",
  );
  assertThrows(() => all.group("web[1-"), TypeError, 'Cannot select the hosts "web[1-": "["');
  assertThrows(() => all.group(1 as never), TypeError, "expression is 1: expected a text");
});

Deno.test("Inventory.group() reaches hosts as the inventory says, and the caller before it", async () => {
  const all = await inventory({
    hosts: {
      web1: { address: "10.0.0.1", connect: { user: "admin", port: 2222, sshArgs: ["-4"] } },
    },
  });
  const group = all.group("web1", { concurrency: 3 });
  assertEquals(group.concurrency, 3);
  const tunnel = group.tunnels[0] as SSHTunnel;
  assert(tunnel instanceof SSHTunnel);
  assertEquals([tunnel.host, tunnel.address], ["web1", "10.0.0.1"]);
  assertMatch(commandOf(group), /^ssh -T -l admin -p 2222 -4 /);
  const other = all.group("web1", { ssh: { user: "root", sshArgs: ["-6"], port: undefined } });
  assertMatch(commandOf(other), /^ssh -T -l root -p 2222 -6 -4 /);
  assertEquals(other.union(["web2"]).hosts, ["web1", "web2"]);
  const bad = await inventory({ hosts: { x: { connect: { port: 99_999 } } } });
  assertThrows(
    () => bad.group("x"),
    RangeError,
    "Cannot make a tunnel to x: port is 99999: expected an integer, 1 to 65535",
  );
  const misspelt = await inventory({ hosts: { x: { connect: { prot: 1 } as never } } });
  assertThrows(() => misspelt.group("x"), TypeError, 'x: options has "prot": expected one of');
});

Deno.test("inventory() heeds the variables that Ansible connects by", async () => {
  const all = await inventory({
    hosts: {
      a: {
        ansible_host: "10.0.0.9",
        ansible_port: "2200",
        ansible_user: "deploy",
        ansible_ssh_private_key_file: "/keys/a",
        ansible_ssh_common_args: "-o 'ProxyCommand=ssh -W %h:%p $USER@jump' -4",
      },
      b: { ansible_become_user: "postgres" },
      c: { ansible_become: true },
      d: { ansible_become: false, ansible_become_user: "postgres" },
      e: { ansible_connection: "local" },
      f: { ansible_connection: "local", ansible_become: "yes" },
      g: { ansible_connection: "docker", ansible_host: "shop-web-1", ansible_user: "www" },
      h: { ansible_connection: "containers.podman.podman" },
      i: { ansible_user: "x", connect: { user: "y" } },
    },
  });
  const of = (name: string): string => commandOf(all.group(name));
  assertMatch(
    of("a"),
    /^ssh -T -l deploy -p 2200 -i \/keys\/a -o ProxyCommand=ssh -W %h:%p \$USER@jump -4 .* -- 10\.0\.0\.9 exec$/,
  );
  assertMatch(of("b"), / sudo .*-u postgres/);
  assertMatch(of("c"), / sudo -n -H --$/);
  assertMatch(of("d"), / -- d exec$/);
  assertMatch(of("i"), / -l y /);
  const kinds = all.group("e,f,g,h").tunnels;
  assert(kinds[0] instanceof Local && kinds[1] instanceof Sudo);
  assert(kinds[2] instanceof Container && kinds[3] instanceof Container);
  assertEquals(of("g"), "docker exec -i -u www shop-web-1");
  assertEquals(of("h"), "podman exec -i h");
});

Deno.test("inventory() refuses what it would have to guess in Ansible's variables", async () => {
  const cases: [vars: Record<string, unknown>, reason: string][] = [
    [{ ansible_connection: "winrm" }, 'ansible_connection is "winrm": only ssh, local, docker'],
    [{ ansible_become: true, ansible_become_method: "su" }, 'ansible_become_method is "su": only'],
    [{ ansible_host: "{{ ip }}" }, "ansible_host is a template, which only Ansible can fill in"],
    [{ ansible_password: { __ansible_vault: "secret" } }, "ansible_password is not a text (is it"],
    [{ ansible_ssh_common_args: "-o x > y" }, "ansible_ssh_common_args has more than words"],
    [{ ansible_port: "http" }, "port is NaN: expected an integer"],
    [{ ansible_connection: "docker", ansible_become: true }, "there is no sudo into a container"],
  ];
  for (const [vars, reason] of cases) {
    const all = await inventory({ hosts: { x: vars } });
    const error = assertThrows(() => all.group("x"), Error, `Cannot make a tunnel to x: ${reason}`);
    assert(!error.message.includes("secret"));
  }
});

Deno.test("inventory() says what is wrong with data, and where", async () => {
  const cases: [data: unknown, reason: string][] = [
    [5, "it is 5: expected { hosts, groups }"],
    [{ host: {} }, 'it has the key "host": expected hosts and groups'],
    [{ all: { hosts: { a: {} } } }, 'it has the form of Ansible: write "ansible:PATH"'],
    [{ hosts: ["a"] }, "hosts is an array: expected an object with names as its keys"],
    [{ hosts: { a: "10.0.0.1" } }, 'hosts.a is "10.0.0.1": expected an object such as'],
    [{ hosts: { a: { address: 5 } } }, "hosts.a.address is 5: expected a host name"],
    [{ hosts: { a: { connect: "ssh" } } }, 'hosts.a.connect is "ssh": expected options'],
    [{ hosts: { a: { connect: { name: "b" } } } }, "hosts.a.connect has a name"],
    [{ hosts: { "a[1-": {} } }, 'hosts.a[1-: "[" has no "]"'],
    [{ hosts: { "a[1-2]": {}, a2: {} } }, 'hosts has "a2" twice'],
    [{ groups: { a: [1] } }, "groups.a is an array: expected texts"],
    [{ groups: { a: ["b", "@c"] } }, 'groups.a: "@c" is not understood'],
    [{ groups: { a: ["b"], b: ["c"], c: ["a"] } }, "a group is in itself: a -> b -> c -> a"],
    [{ groups: { a: ["b,!c"] } }, "there is neither a host nor a group c"],
  ];
  for (const [data, reason] of cases) {
    const error = await assertRejects(() => inventory(data as InventoryData), TypeError);
    assertMatch(error.message, /^Cannot read the inventory: /);
    assert(error.message.includes(reason), `${error.message} has not ${reason}`);
  }
});

Deno.test("a name that a host and a group have means both", async () => {
  const all = await inventory({ hosts: { db: {} }, groups: { db: ["db", "db2"], x: ["db"] } });
  assertEquals(all.select("db"), ["db", "db2"]);
  assertEquals(all.select("x,!db2"), ["db"]);
});

Deno.test("inventory() reads JSON and YAML files", async () => {
  await using folder = await folderWith({
    "hosts.json": JSON.stringify(DATA),
    "hosts.yaml": `
defaults: &defaults
  connect: { user: admin }
`,
    "good.yml": `
hosts:
  web1: &web
    address: 10.0.0.1
    connect: { user: admin, port: 2222 }
    rack: 7
  web2:
    <<: *web
    address: 10.0.0.2
  lone:
groups:
  web: ["web[1-2]"]
`,
    "twice.yaml": "hosts:\n  a:\n  a:\n",
    "vault.yaml": "hosts:\n  a:\n    ansible_password: !vault |\n      $ANSIBLE_VAULT;1.1;AES256\n",
    "bad.json": '{"hosts": ',
    "empty.yaml": "",
    "hosts.ini": "[web]\nweb1\n",
  });
  const { path } = folder;
  assertEquals((await inventory(`${path}/hosts.json`)).groups.get("prod")?.length, 5);
  const all = await inventory(new URL(`file://${path}/good.yml`));
  assertEquals(all.hosts, ["web1", "web2", "lone"]);
  assertEquals(all.vars("web2"), { rack: 7 });
  assertMatch(commandOf(all.group("web2")), /-l admin -p 2222 .* -- 10\.0\.0\.2 exec$/);
  const cases: [file: string, reason: RegExp][] = [
    ["hosts.yaml", /it has the key "defaults": expected hosts and groups$/],
    ["twice.yaml", /Map keys must be unique at line 2, column 5$/],
    ["vault.yaml", /Unresolved tag: !vault at line 3, column 23$/],
    ["bad.json", /JSON/],
    ["empty.yaml", /it is null: expected/],
    ["hosts.ini", /it is not JSON or YAML: write "ansible:PATH" to have Ansible read it/],
    ["none.yaml", /there is no file .*none\.yaml$/],
  ];
  for (const [file, reason] of cases) {
    const { message } = await assertRejects(() => inventory(`${path}/${file}`), Error);
    assert(message.startsWith(`Cannot read the inventory ${path}/${file}: `), message);
    assertMatch(message, reason);
  }
  await assertRejects(
    () => inventory(new URL("https://a/b")),
    TypeError,
    "expected a path or file:",
  );
});

Deno.test("inventory() finds the hosts of an ssh_config, but no patterns", async () => {
  await using folder = await folderWith({
    config: `
Host web1 web2 *.example.com !web9 w?b
  User admin
host = db
Match host other
  Port 22
Include ${"$FOLDER"}/conf.d/*.conf
Host *
  Include ${"$FOLDER"}/more
`,
    "conf.d/1.conf": "Host never\n",
    more: 'Host "quoted" # a comment\n',
  });
  const { path } = folder;
  const config = await Deno.readTextFile(`${path}/config`);
  await Deno.writeTextFile(`${path}/config`, config.replaceAll("$FOLDER", path));
  const all = await inventory(`ssh_config:${path}/config`);
  // What is included for one host only would not hold when another is named.
  assertEquals(all.hosts, ["web1", "web2", "db", "quoted"]);
  assertMatch(commandOf(all.group("db")), new RegExp(` -F ${path}/config .* -- db exec$`));

  await Deno.writeTextFile(`${path}/top`, `Include ${path}/conf.d/*.conf\nHost a\n`);
  assertEquals((await inventory(`ssh_config:${path}/top`)).hosts, ["never", "a"]);
  await assertRejects(() => inventory("ssh_config:/no/such"), Error, "there is no file /no/such");
});

Deno.test('inventory("ssh_config") has ssh read the file that it has read itself', async () => {
  await using folder = await folderWith({ ".ssh/config": "Host here\n" });
  const home = homedir();
  try {
    Deno.env.set("HOME", folder.path);
    assert(userInfo().homedir !== folder.path);
    const all = await inventory("ssh_config");
    assertEquals(all.hosts, ["here"]);
    assertMatch(commandOf(all.group("here")), new RegExp(` -F ${folder.path}/.ssh/config `));
  } finally {
    Deno.env.set("HOME", home);
  }
});

Deno.test(needing("ssh", "the hosts of an ssh_config are reached by ssh", async () => {
  const all = await inventory(`ssh_config:${service("ssh").config}`);
  assert(["host1", "host60", "refused"].every((host) => all.hosts.includes(host)));
  await using group = all.group("host[1-3]");
  assertEquals([...(await group.call(Math.max, 1, 2)).values()], [2, 2, 2]);
}));

Deno.test(needing(["ssh", "sudo"], "a host of an inventory is reached at its address", async () => {
  const all = await inventory({
    hosts: {
      here: { ansible_connection: "local" },
      root: { address: "host2", connect: { sudo: true, sshArgs: sshArgs() } },
    },
    groups: { both: ["here", "root"] },
  });
  await using group = all.group("both");
  const result = await group.call(() => Deno.uid());
  assertEquals([...result], [["here", Deno.uid()], ["root", 0]]);
}));

Deno.test(needing("ansible", "inventory() has Ansible read its inventories", async () => {
  await using folder = await folderWith({
    "hosts.ini": `
lone ansible_host=127.0.0.9
[web]
web[1:3].example.com ansible_port=2222
[web:vars]
ansible_user=deploy
colour=blue
[db]
db1 ansible_connection=local
db2
[prod:children]
web
db
empty
[empty]
`,
    "bad.ini": "[web\n",
  });
  const { path } = folder;
  const all = await inventory(`ansible:${path}/hosts.ini`);
  const web = [1, 2, 3].map((n) => `web${n}.example.com`);
  assertEquals(all.select("web"), web);
  assertEquals(all.select("prod").toSorted(), ["db1", "db2", ...web]);
  assertEquals(all.select("all").toSorted(), ["db1", "db2", "lone", ...web]);
  assertEquals(all.select("ungrouped"), ["lone"]);
  assertEquals(all.vars<{ colour: string }>(web[0]!).colour, "blue");
  assertMatch(commandOf(all.group("web!web[2-3].example.com")), /-l deploy -p 2222 /);
  assertMatch(commandOf(all.group("lone")), / -- 127\.0\.0\.9 exec$/);
  assert([...all.group("db1")][0] instanceof Local);
  for (const file of ["none", "bad.ini"]) {
    const { message } = await assertRejects(() => inventory(`ansible:${path}/${file}`), Error);
    assertMatch(message, /^Cannot read the inventory ansible:.*: .*[Pp]arse/s);
  }
}));
