/**
 * The part of an agent that runs CommonJS modules. It is not in the agent's bundle, but is sent
 * before the first module that is one, or that makes a `require()`. It also knows why a module that
 * is loaded could not be sent.
 *
 * @module
 */

export { CommonJs } from "./runtime/commonjs.ts";
