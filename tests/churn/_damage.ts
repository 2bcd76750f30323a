import { damageOf } from "./_contents.ts";

/** How the name of an incomplete file begins. */
const TEMPORARY = ".chopsticks-";

/**
 * What is wrong with the files of a folder: each must be whole.
 *
 * @param except Folders of other things, and files.
 */
export function damagedIn(folder: string, except: readonly string[] = []): string[] {
  return filesIn(folder).flatMap((path) => {
    const name = path.slice(folder.length + 1);
    if (except.some((one) => name.startsWith(one)) || isTemporary(name)) return [];
    const damage = damageOf(Deno.readFileSync(path));
    return damage === undefined ? [] : [`${name} is damaged: ${damage}`];
  });
}

/** The incomplete files in a folder. */
export function incompleteIn(folder: string): string[] {
  return filesIn(folder).map((path) => path.slice(folder.length + 1)).filter(isTemporary);
}

/** The names of all that is in a folder. */
export function namesIn(folder: string): string[] {
  return Array.from(Deno.readDirSync(folder), ({ name }) => name);
}

function isTemporary(name: string): boolean {
  return name.slice(name.lastIndexOf("/") + 1).startsWith(TEMPORARY);
}

function filesIn(folder: string): string[] {
  return [...Deno.readDirSync(folder)].flatMap(({ name, isDirectory }) => {
    const path = `${folder}/${name}`;
    return isDirectory ? filesIn(path) : [path];
  });
}
