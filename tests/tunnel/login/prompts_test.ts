import { assert, assertEquals, assertFalse, assertMatch, assertRejects } from "@std/assert";
import {
  type Ask,
  callback,
  ConnectionError,
  Group,
  Local,
  type Question,
  SSHTunnel,
  type SSHTunnelOptions,
} from "../../../mod.ts";
import { which } from "../../services/command.ts";
import { needing, service } from "../../services/services.ts";
import { listProcesses } from "../../services/processes.ts";
import { soon, withTime } from "../_deadline.ts";
import { inTerminal } from "./_terminal.ts";

const NEEDS = ["ssh", "logins", "deno"] as const;
const options = () => ({
  sshArgs: ["-F", service("ssh").config],
  deno: service("deno").path,
});
/** The folders of helpers that are there. */
const folders = () =>
  [...Deno.readDirSync(Deno.env.get("TMPDIR") ?? "/tmp")].map(({ name }) => name)
    .filter((name) => name.startsWith(`chopsticks-login-${Deno.pid}-`));
/** A host with an unknown key. */
const unknown = (file: string) => [
  ...["-o", `UserKnownHostsFile=${file}`, "-o", "StrictHostKeyChecking=ask", "-o", "BatchMode=no"],
  ...options().sshArgs,
];

Deno.test(needing(NEEDS, "`password` answers the login of any number of hosts", async () => {
  const { password } = service("logins");
  let asked = 0;
  const ssh = { ...options(), password: () => (asked++, Promise.resolve(password)) };
  await using group = new Group(["asks-1", "asks-2", "asks-3"], { ssh });
  const results = await soon(group.call(() => "up"), "three hosts");
  assertEquals([...results.values()], ["up", "up", "up"]);
  assertEquals(asked, 3);
  assertEquals(folders(), []);
}));

Deno.test(needing(NEEDS, "a refused `password` is tried once, and shown nowhere", async () => {
  const password = "not-the-right-one";
  await using tun = new SSHTunnel("asks-1", { ...options(), password });
  const error = await assertRejects(() => soon(tun.connect(), "the refusal"), ConnectionError);
  assertMatch(error.message, /^Cannot connect to asks-1: the password was refused/);
  for (const shown of [Deno.inspect(error), Deno.inspect(tun, { showHidden: true }), error.stack]) {
    assertFalse(shown!.includes(password));
  }
  assertEquals(folders(), []);
}));

Deno.test(
  needing(NEEDS, "`password` is not for a host on the way, which `ask` is told", async () => {
    const { password, users } = service("logins");
    const questions: Question[] = [];
    await using tun = new SSHTunnel("via-asks-2", {
      ...options(),
      password,
      ask: (question) => (questions.push(question), password),
    });
    await soon(tun.connect(), "the connection");
    assertEquals(questions, [{
      host: "via-asks-2",
      user: users.plain,
      hop: "127.0.0.1",
      kind: "password",
      text: `${users.plain}@127.0.0.1's password:`,
      secret: true,
      attempt: 1,
    }]);
  }),
);

Deno.test(
  needing(NEEDS, "`ask` is asked about an unknown host key, three times at most", async () => {
    const file = await Deno.makeTempFile();
    try {
      const questions: Question[] = [];
      await using tun = new SSHTunnel("host1", {
        ...options(),
        sshArgs: unknown(file),
        ask: (question) => (questions.push(question), "perhaps"),
      });
      const error = await assertRejects(() => soon(tun.connect(), "the end"), ConnectionError);
      assertMatch(error.message, /ssh asked 3 times: "Please type 'yes'/);
      assertEquals(questions.map(({ kind }) => kind), ["hostkey", "hostkey", "hostkey"]);
      assertEquals(questions.map(({ attempt }) => attempt), [1, 2, 3]);
      assertMatch(questions[0]!.text, /authenticity of host[^]*fingerprint is SHA256/);
      assertEquals(questions[0]!.secret, false);
    } finally {
      await Deno.remove(file);
    }
  }),
);

Deno.test(
  needing(NEEDS, "no answer, an error or no string from `ask` ends connecting", async (t) => {
    const cases: readonly (readonly [string, () => never, RegExp])[] = [
      ["undefined", () => undefined as never, /no answer was given to ".*password:"/],
      ["an error", () => {
        throw new Error("vault is locked");
      }, /the function that should give an answer threw/],
      ["a number", () => 42_424_242 as never, /the function that should give an answer threw/],
      ["two lines", () => "one\ntwo" as never, /the function that should give an answer threw/],
    ];
    for (const [name, ask, message] of cases) {
      await t.step(name, async () => {
        await using tun = new SSHTunnel("asks-1", { ...options(), ask });
        const error = await assertRejects(() => soon(tun.connect(), "the end"), ConnectionError);
        assertMatch(error.message, message);
        assertFalse(Deno.inspect(error).includes("42424242"));
      });
    }
    assertEquals(folders(), []);
  }),
);

Deno.test(needing(NEEDS, "an abort withdraws the question and ends its ssh", async () => {
  const aborter = new AbortController();
  await using tun = new SSHTunnel("asks-1", {
    ...options(),
    ask: () => (aborter.abort(new Error("enough")), new Promise(() => {})),
  });
  await assertRejects(
    () => soon(tun.with({ signal: aborter.signal }).connect(), "the abort"),
    Error,
    "enough",
  );
  await soon(tun.close(), "the end of ssh");
  assertEquals(folders(), []);
}));

Deno.test(needing(NEEDS, "the time of a question does not count as connecting", async () => {
  const { password } = service("logins");
  await withTime(4_000, async (connectTimeout) => {
    const late = 1.2 * connectTimeout;
    await using tun = new SSHTunnel("asks-1", {
      ...options(),
      connectTimeout,
      ask: () => new Promise((resolve) => setTimeout(() => resolve(password), late)),
    });
    await soon(tun.connect(), "the connection");
  });
}));

Deno.test(
  needing(NEEDS, "a server that hung up meanwhile is dialled once more", async (t) => {
    const { password } = service("logins");
    const { config } = service("ssh");
    const server = `${config.slice(0, config.lastIndexOf("/"))}/sshd_config`;
    const proxy = (grace: number) =>
      `ProxyCommand=${which("sshd")} -i -f ${server} -o LoginGraceTime=${grace}`;
    const asked: string[] = [];
    const answers: Promise<string>[] = [];
    // A busy machine may take more than a few seconds to ask at all.
    const step = (name: string, work: (grace: number) => Promise<void>) =>
      t.step(name, () =>
        withTime(2, async (grace) => {
          asked.length = 0;
          await work(grace);
        }, 4));
    const late = (given: string, grace: number) => (question: Question) => {
      asked.push(question.kind);
      const wait = (grace + 1) * 1_000;
      answers.push(new Promise((resolve) => setTimeout(() => resolve(given), wait)));
      return answers.at(-1);
    };
    const open = (grace: number, more: SSHTunnelOptions) => {
      const sshArgs = ["-o", proxy(grace), ...options().sshArgs];
      return new SSHTunnel("asks-1", { ...options(), sshArgs, ...more });
    };
    await step("and gets the same answer", async (grace) => {
      await using tun = open(grace, { ask: late(password, grace) });
      // The call was sent to the server that hung up.
      assertEquals(await soon(tun.call((n) => n + 1, 1), "the second login"), 2);
      assertEquals(asked, ["password"]);
    });
    await step("and asks again if that was wrong, but is dialled no third time", async (grace) => {
      await using tun = open(grace, { ask: late("wrong", grace), stderr: () => {} });
      const error = await assertRejects(() => soon(tun.connect(), "the end"), ConnectionError);
      assertMatch(error.message, /an answer took \d+ s, and a server hangs up .*LoginGraceTime/);
      assertEquals(asked, ["password", "password"]);
    });
    await step("but not when nobody waits for it any more", async (grace) => {
      await using tun = open(grace, { ask: late(password, grace) });
      const signal = AbortSignal.timeout((grace + 0.5) * 1_000);
      await assertRejects(() => soon(tun.with({ signal }).connect(), "the abort"), DOMException);
      assertEquals(asked, ["password"]);
    });
    await Promise.all(answers);
    assertEquals(folders(), []);
  }),
);

Deno.test(needing(NEEDS, "others cannot get at the password through the helper", async () => {
  const { password } = service("logins");
  const modes: (number | null)[] = [];
  let secretFiles = 0;
  await using tun = new SSHTunnel("asks-1", {
    ...options(),
    ask: () => {
      const root = `${Deno.env.get("TMPDIR") ?? "/tmp"}/${folders()[0]}`;
      modes.push(Deno.statSync(root).mode! & 0o777);
      for (const { name, isFile } of Deno.readDirSync(root)) {
        modes.push(Deno.statSync(`${root}/${name}`).mode! & 0o077);
        if (isFile && Deno.readTextFileSync(`${root}/${name}`).includes(password)) secretFiles++;
      }
      return password;
    },
  });
  await soon(tun.connect(), "the connection");
  assertEquals([...new Set(modes)], [0o700, 0]);
  assertEquals(secretFiles, 0);
  assertFalse(listProcesses().some(({ command }) => command.includes(password)));
  assertFalse(Object.values(await tun.call(() => Deno.env.toObject())).includes(password));
}));

Deno.test(
  needing(NEEDS, "without a terminal and `ask`, the error says what was asked", async () => {
    const script = `
    for (const host of ["asks-1", "host1"]) {
      const sshArgs = host === "host1" ? UNKNOWN : ["-F", CONFIG];
      await new lib.SSHTunnel(host, { sshArgs }).connect().catch((e) => console.log(e.message));
    }`;
    const file = await Deno.makeTempFile();
    try {
      const code = `import * as lib from ${
        JSON.stringify(new URL("../../../mod.ts", import.meta.url).href)
      };\nconst UNKNOWN = ${JSON.stringify(unknown(file))}, CONFIG = ${
        JSON.stringify(service("ssh").config)
      };${script}`;
      const { stdout } = await soon(
        new Deno.Command("setsid", {
          args: ["--wait", Deno.execPath(), "eval", "--no-config", code],
          stdin: "null",
        }).output(),
        "the script",
      );
      const text = new TextDecoder().decode(stdout);
      assertMatch(
        text,
        /Cannot connect to asks-1: ssh asked ".*password:", and there is no terminal/,
      );
      assertMatch(
        text,
        /Host key verification failed; ssh asked "The authenticity of host [^]*SHA256/,
      );
    } finally {
      await Deno.remove(file);
    }
  }),
);

Deno.test(needing(NEEDS, "at a terminal, hosts ask one after the other, unseen", async () => {
  const { password } = service("logins");
  const file = await Deno.makeTempFile();
  try {
    await using terminal = await inTerminal(
      `
      const hosts = ["asks-1", "asks-2", "asks-3"].map((h) => new lib.SSHTunnel(h, OPTIONS));
      hosts.push(new lib.SSHTunnel("asks-4", { ...OPTIONS, sshArgs: UNKNOWN }));
      await using group = new lib.Group(hosts);
      console.log([...(await group.call(() => "up")).values()].join());`,
      { OPTIONS: options(), UNKNOWN: unknown(file) },
    );
    // A prompt that is followed by this was shown again, below a line that came meanwhile.
    const again = "(?!\\r\\x1b\\[K)";
    const kinds = "(?:.*password:|Are you sure.*\\?)";
    const offer = "(?: \\(Enter: as for asks-\\d\\))?";
    const prompt = new RegExp(`\\[asks-(\\d)\\] ${kinds}${offer} ${again}`);
    const order: string[] = [];
    for (let i = 1; i <= 5; i++) {
      const shown = await terminal.until(prompt, i);
      const last = [...shown.matchAll(new RegExp(prompt, "g"))].at(-1)!;
      order.push(last[1]!);
      const isKey = last[0].includes("Are you sure");
      await terminal.type(isKey ? "yes\r" : last[0].includes("Enter:") ? "\r" : `${password}\r`);
    }
    await terminal.until(/up,up,up,up/);
    const { before, after } = await terminal.end();
    assertEquals(after, before);
    assertFalse(terminal.screen.includes(password));
    assertEquals(order.toSorted(), ["1", "2", "3", "4", "4"]);
    assert(terminal.screen.includes("[asks-4] ED25519 key fingerprint is SHA256:"));
  } finally {
    await Deno.remove(file);
  }
}));

Deno.test(needing(NEEDS, "a tunnel of a far end asks here if its `ask` is a callback", async () => {
  const { password } = service("logins");
  const inner = options();
  const hosts: string[] = [];
  await using outer = new Local("outer", { deno: service("deno").path });
  const connect = async (ask: Ask | undefined): Promise<string> => {
    await using tun = new SSHTunnel("asks-1", { ...inner, ...ask && { ask } });
    return await tun.call(() => "up").catch((error) => error.message);
  };
  const ask = callback((question: Question) => (hosts.push(question.host), password));
  assertEquals(await soon(outer.call(connect, ask), "the answer"), "up");
  assertEquals(hosts, ["asks-1"]);
  assertMatch(
    await soon(outer.call(connect, undefined), "the error"),
    /ssh asked ".*password:", and this tunnel was opened at a far end.*callback\(\)/,
  );
}));

Deno.test(needing(NEEDS, "askOnce() asks once for all, and again after no answer", async () => {
  const { password } = service("logins");
  await using terminal = await inTerminal(
    `
    const password = lib.askOnce("Password of all");
    await password().catch((error) => console.log(error.message));
    await using group = new lib.Group(["asks-1", "asks-2", "asks-3"], {
      ssh: { ...OPTIONS, password },
    });
    console.log([...(await group.call(() => "up")).values()].join());`,
    { OPTIONS: options() },
  );
  await terminal.until(/Password of all: /);
  await terminal.type("\x04");
  await terminal.until(/there was no answer[^]*Password of all: /);
  await terminal.type(`x\x15${password}y\x7f\r`);
  await terminal.until(/up,up,up/);
  const { before, after } = await terminal.end();
  assertEquals(after, before);
  assertEquals(terminal.screen.match(/^Password of all: /gm)?.length, 2);
  assertFalse(terminal.screen.includes(password));
}));
