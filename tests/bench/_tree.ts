/** The number of files and of folders that {@linkcode makeTree} makes. */
export const FILES = 5000;
const FOLDERS = 50;
/** One symbolic link is made for this many files. */
const FILES_PER_LINK = 100;
/** The size of the largest file, in bytes. */
const MAX_SIZE = 3000;

/** Makes a folder of many small files: the same names and sizes each time, with random contents. */
export async function makeTree(root: string): Promise<void> {
  await Deno.mkdir(root);
  for (let i = 0; i < FOLDERS; i++) await Deno.mkdir(`${root}/folder ${i}`);
  for (let i = 0; i < FILES; i++) {
    const folder = `${root}/folder ${i % FOLDERS}`;
    const name = `file${i}.txt`;
    // The step and the number of sizes have no common divisor, so every size is used.
    const bytes = crypto.getRandomValues(new Uint8Array((i * 1777) % (MAX_SIZE + 1)));
    await Deno.writeFile(`${folder}/${name}`, bytes, { mode: i % 10 === 0 ? 0o755 : 0o644 });
    if (i % FILES_PER_LINK === 0) await Deno.symlink(name, `${folder}/link${i}`);
  }
}
