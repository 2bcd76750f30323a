import { assert, assertEquals, assertThrows } from "@std/assert";
import { stripTypeScriptTypes } from "node:module";
import { isIP, isIPv4, isIPv6 } from "node:net";
import * as facts from "../../agent/facts.ts";
import { findMemoryLimit, parseMeminfo, parseVmStat } from "../../agent/machine/memory_info.ts";
import {
  parseDf,
  parseMountOutput,
  parseProcMounts,
  selectRealMounts,
} from "../../agent/machine/mount_table.ts";
import { parseOsRelease, parseSystemVersion } from "../../agent/machine/os_release.ts";
import { choosePrimaryAddress } from "../../agent/machine/primary_address.ts";
import {
  findDefaultRoute,
  parseNetstat,
  parseProcIpv6Route,
  parseProcRoute,
  parseRouteGet,
  type Route,
} from "../../agent/machine/route_table.ts";

// The Linux samples below were captured on Linux 6.18. There was no Mac to capture on: the macOS
// samples are written in the format of published outputs, with the odd rows that these show.

// ---------------------------------------------------------------------------------- this machine

Deno.test("ip() is an address of this machine, and loopback only if it has no other", () => {
  const address = facts.ip();
  const all = Deno.networkInterfaces();
  assert(all.some((entry) => entry.address === address), address);
  const usable = all.filter((entry) =>
    !/^(127\.|fe[89ab])/.test(entry.address) && entry.address !== "::1"
  );
  assertEquals(usable.length > 0, address !== "127.0.0.1");
});

Deno.test("ip() needs no more than the permission for network interfaces", async () => {
  const code = `const { ip } = await import(${JSON.stringify(factsUrl())}); console.log(ip());`;
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "--no-config", "--no-lock", "--no-prompt", "--allow-sys=networkInterfaces"],
      ...["--allow-import", `--allow-read=${new URL(".", factsUrl()).pathname}`],
      `data:text/javascript,${encodeURIComponent(code)}`,
    ],
  }).output();
  const address = new TextDecoder().decode(stdout).trim();
  assert(isIP(address), new TextDecoder().decode(stderr));
});

Deno.test("runtime() is the Deno that runs this", () => {
  assertEquals(facts.runtime(), {
    name: "deno",
    version: Deno.version.deno,
    v8: Deno.version.v8,
    typescript: Deno.version.typescript,
  });
});

Deno.test("hostname() is Deno's", () => {
  assertEquals(facts.hostname(), Deno.hostname());
});

Deno.test("os() agrees with Deno about the kernel, and names a distribution", () => {
  const { platform, arch, release, id, name, prettyName } = facts.os();
  assertEquals(platform, Deno.build.os);
  assertEquals(arch, { x86_64: "x64", aarch64: "arm64" }[Deno.build.arch]);
  assertEquals(release, Deno.osRelease());
  assert(/^[a-z0-9._-]+$/.test(id) && name && prettyName);
});

Deno.test("memory() agrees with Deno", async () => {
  const judge = Deno.systemMemoryInfo();
  const { total, free, available, swapTotal, swapFree, limit } = await facts.memory();
  assertEquals(total, judge.total);
  assertEquals(swapTotal, judge.swapTotal);
  assert(free > 0 && free < total && available > 0 && available < total && swapFree <= swapTotal);
  // Both change all the time, but not by a quarter of the memory at once.
  assert(Math.abs(available - judge.available) < total / 4);
  assert(limit === null || (limit > 0 && limit < total));
});

Deno.test("disks() has the root, with the size that df tells", async () => {
  const disks = await facts.disks();
  const root = disks.find((disk) => disk.mountPoint === "/");
  const { stdout } = await new Deno.Command("df", { args: ["-kP", "/"] }).output();
  const [device, size] = new TextDecoder().decode(stdout).trim().split("\n").at(-1)!.split(/\s+/);
  assertEquals(root?.device, device);
  assertEquals(Math.floor((root?.size ?? 0) / 1024), Number(size));
  for (const disk of disks) {
    assert(disk.size > 0 && disk.used >= 0 && disk.used <= disk.size, JSON.stringify(disk));
    assert(disk.available >= 0 && disk.available <= disk.size - disk.used, JSON.stringify(disk));
    assert(Deno.statSync(disk.mountPoint));
    assert(!["proc", "sysfs", "cgroup2", "devtmpfs", "devfs", "autofs"].includes(disk.type));
  }
});

Deno.test("routes() has the network of every IPv4 address, and gateways inside one", async () => {
  const routes = (await facts.routes()).filter((route) => route.family === "IPv4");
  for (const { name, address, cidr, family } of Deno.networkInterfaces()) {
    const length = Number(cidr.split("/")[1]);
    // The routes of loopback and of single addresses are not in the main table.
    if (family !== "IPv4" || length === 32 || address.startsWith("127.")) continue;
    assert(
      routes.some((route) => route.interface === name && contains(route, address)),
      `${name} ${cidr}`,
    );
  }
  for (const { gateway } of routes) {
    if (gateway === null) continue;
    assert(routes.some((route) => route.gateway === null && contains(route, gateway)), gateway);
  }
  (await facts.routes()).forEach(assertSound);
});

const nodeVersion = await new Deno.Command("node", { args: ["--version"] }).output()
  .then(({ stdout }) => new TextDecoder().decode(stdout).trim(), () => null);

Deno.test({
  name: nodeVersion
    ? `facts.ts gives on Node ${nodeVersion} what it gives on Deno`
    : "facts.ts gives on Node what it gives on Deno (skipped: no node on PATH)",
  ignore: nodeVersion === null,
  async fn() {
    const child = new Deno.Command("node", {
      args: ["--input-type=module"],
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const writer = child.stdin.getWriter();
    await writer.write(new TextEncoder().encode(
      `import * as facts from ${JSON.stringify(await toDataUrl(factsUrl()))};
       console.log(JSON.stringify({
         ip: facts.ip(), runtime: facts.runtime(), hostname: facts.hostname(), os: facts.os(),
         memory: await facts.memory(), disks: await facts.disks(), routes: await facts.routes(),
       }));`,
    ));
    await writer.close();
    const { stdout, stderr } = await child.output();
    assertEquals(new TextDecoder().decode(stderr), "");
    const there = JSON.parse(new TextDecoder().decode(stdout));
    assertEquals(there.ip, facts.ip());
    assertEquals(`v${there.runtime.version}`, nodeVersion);
    assertEquals(Object.keys(there.runtime), ["name", "version", "v8"]);
    assertEquals(there.runtime.name, "node");
    assertEquals(there.hostname, facts.hostname());
    assertEquals(there.os, facts.os());
    const memory = await facts.memory();
    assertEquals(Object.keys(there.memory), Object.keys(memory));
    assertEquals([there.memory.total, there.memory.limit], [memory.total, memory.limit]);
    // The space in use may change between the two calls.
    const fixed = ({ used: _used, available: _available, ...rest }: facts.Disk) => rest;
    assertEquals(there.disks.map(fixed), (await facts.disks()).map(fixed));
    assertEquals(there.routes, await facts.routes());
  },
});

// ---------------------------------------------------------------------------------------- routes

const PROC_ROUTE =
  `Iface	Destination	Gateway 	Flags	RefCnt	Use	Metric	Mask		MTU	Window	IRTT                     
d0	00000000	0107A8C0	0003	0	0	50	00000000	0	0	0                                            
d0	0007A8C0	00000000	0001	0	0	0	00FFFFFF	0	0	0                                            
*	0000010A	00000000	0001	0	0	0	0000FFFF	0	0	0                                            
*	0000020A	00000000	0201	0	0	0	0000FFFF	0	0	0                                            
`;

const PROC_IPV6_ROUTE = `\
20010db8000000010000000000000000 40 00000000000000000000000000000000 00 00000000000000000000000000000000 00000400 00000001 00000000 00200200       lo
20010db8000000000000000000000000 40 00000000000000000000000000000000 00 00000000000000000000000000000000 00000100 00000001 00000000 00000001       d0
fe800000000000000000000000000000 40 00000000000000000000000000000000 00 00000000000000000000000000000000 00000100 00000001 00000000 00000001       d0
00000000000000000000000000000000 00 00000000000000000000000000000000 00 20010db8000000000000000000000001 00000400 00000001 00000000 00000003       d0
00000000000000000000000000000001 80 00000000000000000000000000000000 00 00000000000000000000000000000000 00000000 00000003 00000000 80200001       lo
20010db8000000000000000000000005 80 00000000000000000000000000000000 00 00000000000000000000000000000000 00000000 00000002 00000000 80200001       d0
ff000000000000000000000000000000 08 00000000000000000000000000000000 00 00000000000000000000000000000000 00000100 00000003 00000000 00000001       d0
00000000000000000000000000000000 00 00000000000000000000000000000000 00 00000000000000000000000000000000 ffffffff 00000001 00000000 00200200       lo
`;

const NETSTAT = `Routing tables

Internet:
Destination        Gateway            Flags               Netif Expire
default            10.168.1.1         UGScg                 en0       
default            link#18            UCSIg           bridge100      !
10.1/16            10.168.1.9         UGSc                utun3       
10.168.1/24        link#14            UCS                   en0      !
10.168.1.1/32      link#14            UCS                   en0      !
10.168.1.1         a0:c5:f2:bd:f2:f2  UHLWIir               en0   1195
127                127.0.0.1          UCS                   lo0       
127.0.0.1          127.0.0.1          UH                    lo0       
169.254            link#14            UCS                   en0      !
198.51.100         127.0.0.1          UGSB                  lo0       
224.0.0/4          link#14            UmCS                  en0      !
224.0.0.251        1:0:5e:0:0:fb      UHmLWI                en0       
255.255.255.255/32 link#14            UCS                   en0      !
10.168.1.255       ff:ff:ff:ff:ff:ff  UHLWbI                en0      !

Internet6:
Destination                             Gateway                         Flags         Netif Expire
default                                 fe80::1%en0                     UGcg            en0       
default                                 fe80::%utun0                    UGcIg         utun0       
::1                                     ::1                             UHL             lo0       
2001:db8:1::/64                         link#14                         UC              en0       
2001:db8:1::5                           a0:c5:f2:bd:f2:f3               UHL             lo0       
fe80::%lo0/64                           fe80::1%lo0                     UcI             lo0       
fe80::1%lo0                             link#1                          UHLI            lo0       
ff00::/8                                ::1                             UmCI            lo0       
ff02::%en0/32                           link#14                         UmCI            en0       
`;

const OLD_NETSTAT = `Routing tables

Internet:
Destination        Gateway            Flags        Refs      Use   Netif Expire
default            10.10.10.1         UGSc           20       16     en0
10.10.10/24        link#4             UCS             1        0     en0
10.10.10.1         bc:67:1c:40:3:f6   UHLWIir        21       14     en0   1193
172.16.111/24      link#11            UC              1        0  vmnet1
192.168.220        link#12            UC              1        0  vmnet8
`;

Deno.test("parseProcRoute() reads what Linux writes, rejecting routes too", () => {
  assertEquals(parseProcRoute(PROC_ROUTE).map(show), [
    "0.0.0.0/0 via 192.168.7.1 dev d0 metric 50",
    "192.168.7.0/24 dev d0 metric 0",
    "10.1.0.0/16 dev lo metric 0 reject",
    "10.2.0.0/16 dev lo metric 0 reject",
  ]);
});

Deno.test("parseProcRoute() reads the addresses of a big-endian host", () => {
  const text = "eth0\t00000000\tC0A80701\t0003\t0\t0\t0\t00000000\t0\t0\t0\n" +
    "eth0\tC0A80000\t00000000\t0001\t0\t0\t0\tFFFF8000\t0\t0\t0\n";
  assertEquals(parseProcRoute(text, false).map(show), [
    "0.0.0.0/0 via 192.168.7.1 dev eth0 metric 0",
    "192.168.0.0/17 dev eth0 metric 0",
  ]);
});

Deno.test("parseProcRoute() leaves out rows that are down, cut off or no rows", () => {
  assertEquals(parseProcRoute(""), []);
  assertEquals(parseProcRoute("eth0\t0\t0\n\n\0\neth0 0000000G 00000000 0001 0 0 0 00000000"), []);
  assertEquals(parseProcRoute("d0\t0007A8C0\t00000000\t0000\t0\t0\t0\t00FFFFFF\t0\t0\t0"), []);
});

Deno.test("parseProcIpv6Route() keeps what ip -6 route shows", () => {
  assertEquals(parseProcIpv6Route(PROC_IPV6_ROUTE).map(show), [
    "2001:db8:0:1::/64 dev lo metric 1024 reject",
    "2001:db8::/64 dev d0 metric 256",
    "fe80::/64 dev d0 metric 256",
    "::/0 via 2001:db8::1 dev d0 metric 1024",
  ]);
});

Deno.test("parseProcIpv6Route() writes addresses like a URL does", () => {
  for (
    const hex of [
      ...["0".repeat(32), "0".repeat(31) + "1", "1" + "0".repeat(31), "1234".repeat(8)],
      ...["20010db8000000010001000100010001", "20010db8000000000001000000000001"],
      ...["20010db8000000010000000000000001", "00010000000100000001000000010000"],
      ...["00000000000100000000000000010000", "00100100000000000000000000000100"],
    ]
  ) {
    const row = PROC_IPV6_ROUTE.split("\n")[1]!.replace(/^\w+/, hex);
    const judge = new URL(`http://[${hex.match(/..../g)!.join(":")}]`).hostname.slice(1, -1);
    assertEquals(parseProcIpv6Route(row)[0]?.destination, judge);
  }
});

Deno.test("parseNetstat() reads both address families, without neighbours and multicast", () => {
  assertEquals(parseNetstat(NETSTAT).map(show), [
    "0.0.0.0/0 via 10.168.1.1 dev en0",
    "0.0.0.0/0 dev bridge100",
    "10.1.0.0/16 via 10.168.1.9 dev utun3",
    "10.168.1.0/24 dev en0",
    "10.168.1.1/32 dev en0",
    "127.0.0.0/8 dev lo0",
    "127.0.0.1/32 dev lo0",
    "169.254.0.0/16 dev en0",
    "198.51.100.0/24 via 127.0.0.1 dev lo0 reject",
    "255.255.255.255/32 dev en0",
    "::/0 via fe80::1 dev en0",
    "::/0 via fe80:: dev utun0",
    "2001:db8:1::/64 dev en0",
    "fe80::/64 dev lo0",
  ]);
});

Deno.test("parseNetstat() reads the wider table of older releases", () => {
  assertEquals(parseNetstat(OLD_NETSTAT).map(show), [
    "0.0.0.0/0 via 10.10.10.1 dev en0",
    "10.10.10.0/24 dev en0",
    "172.16.111.0/24 dev vmnet1",
    "192.168.220.0/24 dev vmnet8",
  ]);
});

Deno.test("the route parsers give sound rows or none for every prefix and every damaged byte", () => {
  for (
    const [parse, text] of [
      [parseProcRoute, PROC_ROUTE],
      [parseProcIpv6Route, PROC_IPV6_ROUTE],
      [parseNetstat, NETSTAT],
      [parseNetstat, OLD_NETSTAT],
    ] as const
  ) {
    for (let i = 0; i < text.length; i++) {
      parse(text.slice(0, i)).forEach(assertSound);
      for (const damage of ["\n", " ", "Z", "9", "/", ""]) {
        parse(text.slice(0, i) + damage + text.slice(i + 1)).forEach(assertSound);
      }
    }
  }
});

Deno.test("parseRouteGet() finds interface and gateway, if there are any", () => {
  const text = `   route to: default
destination: default
       mask: default
    gateway: 192.168.1.1
  interface: en0
      flags: <UP,GATEWAY,DONE,STATIC,PRCLONING,GLOBAL>
 recvpipe  sendpipe  ssthresh  rtt,msec    rttvar  hopcount      mtu     expire
       0         0         0         0         0         0      1500         0 
`;
  assertEquals(parseRouteGet(text), { interface: "en0", gateway: "192.168.1.1" });
  assertEquals(parseRouteGet(text.replace(/ +gateway.*\n/, "")), {
    interface: "en0",
    gateway: null,
  });
  assertEquals(parseRouteGet("route: writing to routing socket: not in table\n"), null);
});

Deno.test("findDefaultRoute() takes the lowest metric, and no route that rejects", () => {
  const row = (name: string, metric: number, flags = "0003") =>
    `${name}\t00000000\t0107A8C0\t${flags}\t0\t0\t${metric}\t00000000\t0\t0\t0\n`;
  const routes = parseProcRoute(row("wlan0", 600) + row("eth0", 100) + row("*", 0, "0201"));
  assertEquals(findDefaultRoute(routes, "IPv4")?.interface, "eth0");
  assertEquals(findDefaultRoute(routes, "IPv6"), undefined);
});

// ------------------------------------------------------------------------------- primary address

const v4 = (address: string, netmask = "255.255.255.0") => ({ address, netmask, internal: false });
const v6 = (address: string) => ({ address, netmask: "ffff:ffff:ffff:ffff::", internal: false });
const lo = [
  { address: "127.0.0.1", netmask: "255.0.0.0", internal: true },
  { address: "::1", netmask: "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", internal: true },
];

Deno.test("choosePrimaryAddress() takes the default route's interface, not the first", () => {
  const interfaces = { lo, docker0: [v4("172.17.0.1")], eth0: [v6("2001:db8::5"), v4("10.0.0.5")] };
  assertEquals(
    choosePrimaryAddress(interfaces, [{ interface: "eth0", gateway: null }]),
    "10.0.0.5",
  );
});

Deno.test("choosePrimaryAddress() takes the address of the gateway's network", () => {
  const interfaces = { eth0: [v4("10.9.0.5"), v4("192.168.7.5"), v4("192.168.8.5")] };
  const choose = (gateway: string | null) =>
    choosePrimaryAddress(interfaces, [{ interface: "eth0", gateway }]);
  assertEquals(choose("192.168.7.1"), "192.168.7.5");
  assertEquals(choose("203.0.113.1"), "10.9.0.5");
  assertEquals(choose("fe80::1"), "10.9.0.5");
  assertEquals(choose(null), "10.9.0.5");
});

Deno.test("choosePrimaryAddress() goes on when a route's interface has no address", () => {
  const interfaces = { lo, eth0: [v6("fe80::5"), v6("fd00::5"), v6("2001:db8::5")] };
  const routes = [{ interface: "ppp0", gateway: null }, { interface: "eth0", gateway: "fe80::1" }];
  assertEquals(choosePrimaryAddress(interfaces, routes), "2001:db8::5");
});

Deno.test("choosePrimaryAddress() manages without a default route", () => {
  const choose = (...addresses: ReturnType<typeof v4>[]) =>
    choosePrimaryAddress({ lo, eth0: addresses, gone: undefined }, []);
  assertEquals(choose(v4("169.254.1.1"), v6("2001:db8::5"), v4("10.0.0.5")), "10.0.0.5");
  assertEquals(choose(v4("169.254.1.1"), v6("fd00::5")), "fd00::5");
  assertEquals(choose(v4("169.254.1.1")), "169.254.1.1");
  assertEquals(choose(v6("fe80::5")), "127.0.0.1");
  assertEquals(choosePrimaryAddress({}, []), "127.0.0.1");
});

// ----------------------------------------------------------------------------------------- disks

Deno.test("parseProcMounts() decodes octal escapes, and only those", () => {
  assertEquals(
    parseProcMounts("/dev/loop0 /tmp/ck\\040mnt\\012#\\134\\134ö ext4 ro,relatime 0 0\n"),
    [{ device: "/dev/loop0", mountPoint: "/tmp/ck mnt\n#\\\\ö", type: "ext4", readOnly: true }],
  );
  const [tricky] = parseProcMounts("//nas/a\\134040b /mnt/\\1349 cifs rw,errors=remount-ro 0 0");
  assertEquals(tricky?.device, "//nas/a\\040b");
  assertEquals(tricky?.mountPoint, "/mnt/\\9");
  assertEquals(tricky?.readOnly, false);
});

Deno.test("parseProcMounts() leaves out what is no mount", () => {
  assertEquals(
    parseProcMounts("\n \n/dev/vda\n/dev/vda /\n/dev/vda / ext4\nnone none x rw 0 0"),
    [],
  );
});

Deno.test("parseMountOutput() reads macOS's mount, names with spaces and brackets too", () => {
  const text = `/dev/disk3s1s1 on / (apfs, sealed, local, read-only, journaled)
devfs on /dev (devfs, local, nobrowse)
/dev/disk3s5 on /System/Volumes/Data (apfs, local, journaled, nobrowse, protect, root data)
map auto_home on /System/Volumes/Data/home (autofs, automounted, nobrowse)
//me@nas.local/Team%20Share on /Volumes/Team Share (old) (smbfs, nodev, nosuid, mounted by me)
not a mount
`;
  const mounts = parseMountOutput(text);
  assertEquals(mounts.map((mount) => [mount.mountPoint, mount.type, mount.readOnly]), [
    ["/", "apfs", true],
    ["/dev", "devfs", false],
    ["/System/Volumes/Data", "apfs", false],
    ["/System/Volumes/Data/home", "autofs", false],
    ["/Volumes/Team Share (old)", "smbfs", false],
  ]);
  assertEquals(selectRealMounts(mounts).map((mount) => mount.device), [
    "/dev/disk3s1s1",
    "/dev/disk3s5",
    "//me@nas.local/Team%20Share",
  ]);
});

Deno.test("selectRealMounts() has each device once, by its shortest mount point", () => {
  const text = `proc /proc proc rw 0 0
overlay / overlay rw,lowerdir=/a 0 0
tmpfs /dev tmpfs rw 0 0
/dev/sda1 /etc/resolv.conf ext4 rw 0 0
/dev/sda1 /data ext4 rw 0 0
/dev/sda1 /etc/hosts ext4 rw 0 0
overlay /var/lib/docker/overlay2/1/merged overlay rw 0 0
/dev/sdb1 /mnt ext4 rw 0 0
nas:/export /mnt nfs4 rw 0 0
me@host: /home/me/far fuse.sshfs rw 0 0
`;
  assertEquals(selectRealMounts(parseProcMounts(text)).map((mount) => mount.mountPoint), [
    "/",
    "/data",
    "/var/lib/docker/overlay2/1/merged",
    "/mnt",
    "/home/me/far",
  ]);
});

Deno.test("selectRealMounts() keeps the root even in memory", () => {
  const mounts = parseProcMounts("tmpfs / tmpfs rw 0 0\ntmpfs /run tmpfs rw 0 0\n");
  assertEquals(selectRealMounts(mounts).map((mount) => mount.mountPoint), ["/"]);
});

Deno.test("parseDf() reads the last row, whatever the names are", () => {
  const header = "Filesystem     1024-blocks     Used Available Capacity Mounted on\n";
  const row = (names: string, mount: string) =>
    parseDf(`${header}${names}         6588       14      6002       1% ${mount}\n`);
  const space = { size: 6588 * 1024, used: 14 * 1024, available: 6002 * 1024 };
  assertEquals(row("/dev/loop0", "/mnt"), space);
  assertEquals(row("//nas/My Share 1 2", "/Volumes/My Share 3"), space);
  assertEquals(parseDf(`${header}fs  100 110 -10 110% /mnt`)?.available, 0);
  assertEquals(parseDf(`${header}none 0 0 0 - /mnt`), { size: 0, used: 0, available: 0 });
  assertEquals(parseDf(header), null);
  assertEquals(parseDf(""), null);
});

// ---------------------------------------------------------------------------------------- memory

const MEMINFO = `MemTotal:       24684084 kB
MemFree:        24309828 kB
MemAvailable:   24333112 kB
Buffers:            1476 kB
Cached:           205644 kB
SwapCached:            0 kB
SwapTotal:       2097148 kB
SwapFree:        2097000 kB
HugePages_Total:       0
`;

Deno.test("parseMeminfo() gives bytes", () => {
  assertEquals(parseMeminfo(MEMINFO), {
    total: 24684084 * 1024,
    free: 24309828 * 1024,
    available: 24333112 * 1024,
    swapTotal: 2097148 * 1024,
    swapFree: 2097000 * 1024,
  });
});

Deno.test("parseMeminfo() manages without MemAvailable and swap, but not without the total", () => {
  const old = parseMeminfo(MEMINFO.replace(/(MemAvailable|Swap).*\n/g, ""));
  assertEquals(old.available, (24309828 + 1476 + 205644) * 1024);
  assertEquals([old.swapTotal, old.swapFree], [0, 0]);
  assertThrows(() => parseMeminfo(""), Error, "MemTotal or MemFree is missing");
});

const VM_STAT = `Mach Virtual Memory Statistics: (page size of 16384 bytes)
Pages free:                                     9436.
Pages active:                                 774260.
Pages inactive:                               915780.
Pages speculative:                              1639.
Pages throttled:                                   0.
Pages wired down:                             184732.
"Translation faults":                       37287533.
`;

Deno.test("parseVmStat() counts pages of the size that it is told", () => {
  const swap = "total = 10240.00M  used = 9689.94M  free = 550.06M  (encrypted)\n";
  assertEquals(parseVmStat(VM_STAT, swap, 2 ** 35), {
    total: 2 ** 35,
    free: (9436 + 1639) * 16384,
    available: (9436 + 1639 + 915780) * 16384,
    swapTotal: 10 * 2 ** 30,
    swapFree: Math.round(550.06 * 2 ** 20),
    limit: null,
  });
  const inGigabytes = parseVmStat(VM_STAT, "total = 2.00G  used = 512.00M  free = 1.50G", 1);
  assertEquals([inGigabytes.swapTotal, inGigabytes.swapFree], [2 * 2 ** 30, 1.5 * 2 ** 30]);
  assertEquals(parseVmStat(VM_STAT, "", 1).swapTotal, 0);
  assertThrows(() => parseVmStat("", swap, 1), Error, "free pages are missing");
});

Deno.test("findMemoryLimit() takes the lowest limit of a group and those above it", () => {
  const find = (files: Record<string, string>) => findMemoryLimit((path) => files[path] ?? null);
  const v2 = "/sys/fs/cgroup";
  const v1 = "/sys/fs/cgroup/memory";
  const self = "/proc/self/cgroup";
  assertEquals(
    find({
      [self]: "0::/a.slice/b.service\n",
      [`${v2}/a.slice/b.service/memory.max`]: "max\n",
      [`${v2}/a.slice/memory.max`]: "2097152\n",
    }),
    2097152,
  );
  // A container, which sees its own group as the root.
  assertEquals(find({ [self]: "0::/\n", [`${v2}/memory.max`]: "1048576\n" }), 1048576);
  assertEquals(find({ [self]: "0::/../x\n", [`${v2}/memory.max`]: "1048576\n" }), 1048576);
  // Version 1, in a container that cannot see the path.
  assertEquals(
    find({
      [self]: "9:name=systemd:/\n4:cpu,memory:/docker/0123\n0::/\n",
      [`${v1}/memory.limit_in_bytes`]: "1048576\n",
    }),
    1048576,
  );
  const unlimited = {
    [self]: "4:memory:/\n",
    [`${v1}/memory.limit_in_bytes`]: "9223372036854771712",
  };
  assertEquals(find(unlimited), null);
  assertEquals(find({ [self]: "garbage\n0::\n::\n" }), null);
  assertEquals(find({}), null);
});

// ------------------------------------------------------------------------------------------- os

Deno.test("parseOsRelease() reads names and versions", () => {
  const debian = `PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"
NAME="Debian GNU/Linux"
VERSION_ID="12"
VERSION="12 (bookworm)"
ID=debian
HOME_URL="https://www.debian.org/"
`;
  assertEquals(parseOsRelease(debian), {
    id: "debian",
    idLike: [],
    name: "Debian GNU/Linux",
    version: "12",
    prettyName: "Debian GNU/Linux 12 (bookworm)",
  });
  assertEquals(parseOsRelease('ID="rocky"\nID_LIKE="rhel centos  fedora"\n').idLike, [
    "rhel",
    "centos",
    "fedora",
  ]);
});

Deno.test("parseOsRelease() reads quotes, comments and line ends like a shell", () => {
  const odd = '# ID=no\r\n\r\nID=\'it\'\r\nID=last\nNAME="a \\"b\\" \\$c \\\\d"\n' +
    "VERSION_ID=\nPRETTY_NAME='a \\b'\nnonsense\n=x\n";
  assertEquals(parseOsRelease(odd), {
    id: "last",
    idLike: [],
    name: 'a "b" $c \\d',
    version: null,
    prettyName: "a \\b",
  });
  const nothing = { id: "linux", idLike: [], name: "Linux", version: null, prettyName: "Linux" };
  assertEquals(parseOsRelease(""), nothing);
  assertEquals(parseOsRelease("\0\xff"), nothing);
});

Deno.test("parseSystemVersion() reads macOS's property list", () => {
  const plist = `<?xml version="1.0" encoding="UTF-8"?>
<plist version="1.0">
<dict>
	<key>ProductBuildVersion</key>
	<string>24F74</string>
	<key>ProductName</key>
	<string>macOS</string>
	<key>ProductVersion</key>
	<string>15.5</string>
</dict>
</plist>
`;
  assertEquals(parseSystemVersion(plist), {
    id: "macos",
    idLike: [],
    name: "macOS",
    version: "15.5",
    prettyName: "macOS 15.5",
  });
  assertEquals(parseSystemVersion("").prettyName, "macOS");
});

// --------------------------------------------------------------------------------------- helpers

function factsUrl(): string {
  return import.meta.resolve("../../agent/facts.ts");
}

/** Gives a module without types and with its imports included, so that it needs no file. */
async function toDataUrl(url: string): Promise<string> {
  let code = stripTypeScriptTypes(await Deno.readTextFile(new URL(url)));
  for (const [text, specifier] of code.matchAll(/from "(\.[^"]+)"/g)) {
    code = code.replace(text, `from "${await toDataUrl(new URL(specifier!, url).href)}"`);
  }
  return `data:text/javascript;base64,${new TextEncoder().encode(code).toBase64()}`;
}

/** Writes a route as `ip route` does. */
function show(route: Route): string {
  return [
    `${route.destination}/${route.prefixLength}`,
    route.gateway === null ? [] : `via ${route.gateway}`,
    `dev ${route.interface}`,
    route.metric === null ? [] : `metric ${route.metric}`,
    route.reject ? "reject" : [],
  ].flat().join(" ");
}

function assertSound(route: Route): void {
  const [isAddress, bits] = route.family === "IPv4" ? [isIPv4, 32] : [isIPv6, 128];
  assert(isAddress(route.destination), show(route));
  assert(route.gateway === null || isIP(route.gateway), show(route));
  assert(Number.isInteger(route.prefixLength), show(route));
  assert(route.prefixLength >= 0 && route.prefixLength <= bits, show(route));
  assert(route.metric === null || Number.isInteger(route.metric), show(route));
  assert(route.interface !== "", show(route));
}

/** Whether an IPv4 route leads to an address; the default route is not counted. */
function contains(route: Route, address: string): boolean {
  const bits = (text: string) =>
    text.split(".").map((octet) => Number(octet).toString(2).padStart(8, "0")).join("");
  const length = route.prefixLength;
  return length > 0 && bits(route.destination).slice(0, length) === bits(address).slice(0, length);
}
