import { assert, assertEquals } from "@std/assert";
import { Provisioning } from "../../../tunnel/provision/provisioning.ts";
import { seeded } from "../../codec/_random.ts";

const ESCAPE = "\x1b]0;owned\x07";

/** What a far end may answer that has nothing in mind but harm. */
const ANSWERS: readonly (readonly [word: string, text: string])[] = [
  ["none-yet", ""],
  ["none-yet", ESCAPE],
  ["need", ""],
  ["need", `${ESCAPE};${ESCAPE};;;;${ESCAPE}`],
  ["need", `${ESCAPE};${ESCAPE};;;;`],
  ["room", ESCAPE],
  ["noroom", ESCAPE],
  ["unfit", ""],
  ["unfit", `size ${ESCAPE} ${ESCAPE}`],
  ["unfit", `version ${ESCAPE}`],
  ["unfit", "hash"],
  ["unfit", "name"],
  ["brought", ESCAPE],
  ["more", ESCAPE],
];

Deno.test("Provisioning bears with whatever a far end answers, and with any order", async () => {
  const random = seeded(3);
  for (let round = 0; round < 500; round++) {
    const provisioning = new Provisioning({});
    let written = 0;
    let moves = 0;
    let pauses = 0;
    const failures: string[] = [];
    const fail = (text: string): void => {
      failures.push(text);
      provisioning.end();
    };
    const pipe = provisioning.begin({
      host: "web1",
      marker: "0123456789abcdef",
      pipe: {
        write(chunks) {
          for (const chunk of chunks) written += chunk.length;
          return false;
        },
        close() {},
      },
      onDrain() {},
      moved: () => void moves++,
      pause: () => void pauses++,
      resume: () => void pauses--,
      fail,
      failAsNotFound: fail,
    });
    pipe.write([new Uint8Array(10_000)]);
    for (let n = 0; n < 20 && failures.length === 0; n++) {
      const [word, text] = ANSWERS[random(ANSWERS.length)]!;
      assertEquals(provisioning.handleAnswer(word, text), word !== "more");
      await Promise.resolve();
    }
    provisioning.end();
    const text = failures.join("\n");
    // The text of `failAsNotFound()` is made visible by whoever takes it.
    assert(!text.startsWith("cannot bring") || !text.includes("\x1b"), text);
    assert(written < 40_000 && moves < 5 && pauses === 0, `${written} bytes, ${moves} moves`);
  }
});
