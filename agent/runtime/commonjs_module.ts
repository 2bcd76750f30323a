import { folderOf } from "./module_path.ts";

/** `module` in a CommonJS module. */
export class CommonJsModule {
  readonly id: string;
  readonly path: string;
  exports: unknown = {};
  readonly filename: string;
  loaded = false;
  readonly children: CommonJsModule[] = [];
  readonly paths: string[] = [];
  /** The module that required it first. Like `require`, it is not among the keys. */
  declare readonly parent: CommonJsModule;
  declare readonly require: (specifier: string) => unknown;

  constructor(filename: string, parent: CommonJsModule | undefined) {
    this.id = filename;
    this.filename = filename;
    this.path = folderOf(filename);
    for (let at = this.path;; at = folderOf(at)) {
      if (!at.endsWith("/node_modules")) this.paths.push(`${at === "/" ? "" : at}/node_modules`);
      if (at === "/" || !at.includes("/")) break;
    }
    // Of a module that an ES module imports, Deno makes a parent of the same name.
    parent?.children.push(this);
    const value = parent ?? Object.assign(Object.create(CommonJsModule.prototype), this);
    Object.defineProperty(this, "parent", { value, writable: true });
  }
}
