/** How many files, in how many folders, {@linkcode makeTree} makes. */
export const FILES = 5000;
const FOLDERS = 50;
/** A symbolic link for each so many files. */
const FILES_PER_LINK = 100;
/** The most bytes of one file. */
const MAX_SIZE = 3000;

/** Makes a folder of many small files: the same one each time, save for the random contents. */
export async function makeTree(root: string): Promise<void> {
  await Deno.mkdir(root);
  for (let i = 0; i < FOLDERS; i++) await Deno.mkdir(`${root}/folder ${i}`);
  for (let i = 0; i < FILES; i++) {
    const folder = `${root}/folder ${i % FOLDERS}`;
    const name = `file${i}.txt`;
    // A step that has no divisor in common with the number of sizes goes through all of them.
    const bytes = crypto.getRandomValues(new Uint8Array((i * 1777) % (MAX_SIZE + 1)));
    await Deno.writeFile(`${folder}/${name}`, bytes, { mode: i % 10 === 0 ? 0o755 : 0o644 });
    if (i % FILES_PER_LINK === 0) await Deno.symlink(name, `${folder}/link${i}`);
  }
}
