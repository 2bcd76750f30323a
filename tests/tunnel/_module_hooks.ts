import { registerHooks } from "node:module";

/*
 * From the first use of module hooks on, Deno keeps an operation going that it never ends. The
 * library uses them, and the test that happens to be the first should not be blamed: whoever
 * imports this has it begin before all tests.
 */
const hook = registerHooks({ load: (url, context, next) => next(url, context) });
await import("data:text/javascript,/* any module */");
hook.deregister();
