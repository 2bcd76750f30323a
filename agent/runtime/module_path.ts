import { urlOf } from "../protocol/module_record.ts";

/** Gives the path of a module that is a file, or the URL of another module. */
export function pathOf(id: string): string {
  const url = urlOf(id);
  return url.startsWith("file://") ? decodeURIComponent(new URL(url).pathname) : url;
}

/** Gives the folder of a path. */
export function folderOf(path: string): string {
  return path.replace(/\/[^/]*$/, "") || "/";
}
