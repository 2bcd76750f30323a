/**
 * The part of an agent for all values but plain ones, for streams, signals and callbacks, and for
 * failures. It is not in the agent's bundle, but is sent with the first call that needs it, or with
 * the second one, or when the agent asks for it because its first call has failed or gives such a
 * value.
 *
 * @module
 */

export { Values } from "./runtime/values.ts";
