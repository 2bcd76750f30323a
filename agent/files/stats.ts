import type fs from "node:fs";

/** Of `fs.Stats`, what is asked of files here. */
export type Stats = Pick<
  fs.Stats,
  | "isFile"
  | "isDirectory"
  | "isSymbolicLink"
  | "dev"
  | "ino"
  | "mode"
  | "uid"
  | "gid"
  | "size"
  | "mtimeMs"
>;
