import fs from "node:fs";
import { wholeTime } from "./file_time.ts";

/** Does as `fs.fstatSync()`, with a time of modification that {@linkcode wholeTime} gives. */
export function fstat(fd: number): fs.Stats {
  const found = fs.fstatSync(fd);
  found.mtimeMs = wholeTime(found.mtimeMs, () => fs.fstatSync(fd, { bigint: true }).mtimeNs);
  return found;
}
