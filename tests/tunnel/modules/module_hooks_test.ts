import { IMPORT_COMPARE, projectTest } from "../_project.ts";

const HOOKS = `
const Module = require("module");
const path = require("path");
const during = (object, key, make, work) => {
  const original = object[key];
  object[key] = make(original);
  try {
    return work();
  } finally {
    if (original === undefined) delete object[key];
    else object[key] = original;
  }
};
exports.load = () =>
  during(Module, "_load", (load) => function (name, ...rest) {
    return /^(os|\\.\\/dep\\.cjs)$/.test(name) ? "mock of " + name : load.call(this, name, ...rest);
  }, () => [require("os"), require("./dep.cjs"), require("./other.cjs"), typeof require("path").join]);
exports.required = () =>
  during(Module.prototype, "require", (real) => function (name) {
    return [path.basename(this.filename), name, real.call(this, name)];
  }, () => require("./other.cjs"));
exports.resolve = () =>
  during(Module, "_resolveFilename", (real) => function (name, ...rest) {
    return real.call(this, name === "@dep" ? path.join(__dirname, "dep.cjs") : name, ...rest);
  }, () => [require("@" + "dep"), require("./dep.cjs"), path.basename(require.resolve("@" + "dep"))]);
exports.extensions = () => [
  during(require.extensions, ".txt", () => (module, file) => {
    module.exports = "text of " + path.basename(file);
  }, () => require("./side.txt")),
  during(require.extensions, ".cjs", (real) => (module, file) => {
    real(module, file);
    module.exports += ", wrapped";
  }, () => require("./third.cjs")),
  require("./third.cjs"),
];
exports.compile = () => {
  const made = new Module("made", module);
  made.filename = path.join(__dirname, "made.js");
  made.paths = Module._nodeModulePaths(__dirname);
  made._compile("module.exports = [__filename.length, require('./dep.cjs'), require('./fourth.cjs')]",
    made.filename);
  return made.exports.slice(1);
};
exports.same = () => [
  module instanceof Module,
  module.constructor === Module,
  Module._cache === require.cache,
  Module._extensions === require.extensions,
  Object.keys(Module._cache).includes(__filename),
  Module._resolveFilename("./dep.cjs", module) === require.resolve("./dep.cjs"),
  Module._load("./dep.cjs", module, false),
];
exports.after = () => [require("./dep.cjs"), require("./other.cjs"), typeof require("os").cpus];
exports.sites = () => {
  const { prepareStackTrace } = Error;
  Error.prepareStackTrace = (_, sites) => sites;
  const [site] = new Error().stack;
  Error.prepareStackTrace = prepareStackTrace;
  const url = require("url").pathToFileURL(__filename);
  return [site.getFileName() === __filename, new Error().stack.includes("(" + url + ":")];
};
exports.json = () => {
  try {
    require("./bad.json");
  } catch (error) {
    return [error.name, error.message.startsWith(path.join(__dirname, "bad.json") + ": ")];
  }
};
`;

const NAMES = [
  ...["load", "required", "resolve", "extensions", "compile", "same", "after", "sites", "json"],
  "constructorOf",
];

Deno.test(projectTest(
  "what a module puts in place of functions of node:module has its say in each require()",
  {
    "hooks.cjs": HOOKS,
    "early.cjs": `exports.constructorOf = () => {
        const { constructor } = module;
        return [typeof constructor._load, module instanceof constructor];
      };`,
    "dep.cjs": `module.exports = "dep";`,
    "other.cjs": `module.exports = ["other", require("./dep.cjs")];`,
    "third.cjs": `module.exports = "third";`,
    "fourth.cjs": `module.exports = "fourth";`,
    "side.txt": "not a script",
    "bad.json": "{ bad",
    "main.ts": `${IMPORT_COMPARE}
      import hooks from "./hooks.cjs";
      import early from "./early.cjs";
      const all = { ...early, ...hooks };
      await compare(Object.fromEntries(${
      JSON.stringify(NAMES)
    }.map((name) => [name, all[name]])));`,
  },
  {
    load: ["mock of os", "mock of ./dep.cjs", ["other", "mock of ./dep.cjs"], "function"],
    required: ["hooks.cjs", "./other.cjs", ["other", "mock of ./dep.cjs"]],
    resolve: ["dep", "dep", "dep.cjs"],
    extensions: ["text of side.txt", "third, wrapped", "third, wrapped"],
    compile: ["dep", "fourth"],
    same: [true, true, true, true, true, true, "dep"],
    after: ["dep", ["other", "mock of ./dep.cjs"], "function"],
    sites: [true, true],
    json: ["SyntaxError", true],
    constructorOf: ["function", true],
  },
));
