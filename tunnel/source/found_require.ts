/** A call of a `require()`, or of its `resolve()`. */
export interface FoundRequire {
  /**
   * The texts of its argument that are written out. There is something computed between two of
   * them: `"./locale/" + name + ".js"` gives `["./locale/", ".js"]`.
   */
  readonly texts: readonly string[];
  /** Whether it only asks for a path. */
  readonly isResolve: boolean;
  /** The URL from which it resolves, if that is not the module's own. */
  readonly from?: string | undefined;
}

/** A module whose requires are looked for. */
export interface RequiringModule {
  readonly source: string;
  readonly url: string;
  /** Whether it is an ES module, where only `createRequire()` makes a `require()`. */
  readonly isModule: boolean;
  /** The URLs of modules in which a `require()` may be made, by the specifiers of its imports. */
  readonly makers?: ReadonlyMap<string, string>;
}
