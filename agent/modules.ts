/**
 * The part of an agent that loads modules. It is not in the agent's bundle, but is sent with the
 * first module, or with the first code that has to run as a module.
 *
 * @module
 */

export { SentModules } from "./runtime/sent_modules.ts";
