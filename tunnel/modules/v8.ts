/**
 * V8, as its inspector shows it to this process itself: the scripts that it has loaded.
 *
 * @module
 */

import { Session } from "node:inspector";
import { setTimeout } from "node:timers";
import { entryModule, isInteractive } from "./entry_module.ts";

/**
 * A REPL and a notebook run code inside a message to the inspector, and no other message may be
 * sent meanwhile: Deno would panic.
 */
const insideInspector = isInteractive(entryModule() ?? "");

/** The URLs of scripts by V8's numbers, which never change. */
const scriptUrls = new Map<string, string>();

/**
 * Resolves when messages may be sent to the inspector; `undefined` if they may be sent right now.
 */
export function messagesAllowed(): Promise<void> | undefined {
  return insideInspector ? new Promise((resolve) => setTimeout(resolve, 0)) : undefined;
}

/** Whether the inspector can be used right now, without asking the user for a permission. */
export function canInspect(): boolean {
  if (insideInspector) return false;
  if (typeof Deno === "undefined") return true;
  const name = { name: "sys", kind: "inspector" } as unknown as Deno.PermissionDescriptor;
  return Deno.permissions.querySync(name).state === "granted";
}

/**
 * Opens a session with the inspector, which the caller disconnects.
 *
 * @param failureText What an error says cannot be done, such as `Cannot read …`.
 * @throws {TypeError} If this process may not use the inspector.
 */
export function openInspector(failureText: string): Session {
  const session = new Session();
  try {
    session.connect();
  } catch (cause) {
    // Deno has no flag for the inspector alone.
    throw new TypeError(
      `${failureText}: this process may not use V8's inspector; run it with --allow-sys`,
      { cause },
    );
  }
  return session;
}

/** Sends a message to the inspector. Resolves to the answer. */
export function post(
  session: Session,
  method: string,
  params: object = {},
): Promise<Record<string, unknown>> {
  return new Promise((resolve, reject) => {
    session.post(method, params, (error: unknown, result: unknown) => {
      if (error) reject(error);
      else resolve(result as Record<string, unknown>);
    });
  });
}

/** The URL of a script by V8's number for it; `""` if it has none. */
export async function scriptUrl(session: Session, scriptId: string): Promise<string> {
  if (!scriptUrls.has(scriptId)) {
    await readScripts(session);
    await post(session, "Debugger.disable");
  }
  return scriptUrls.get(scriptId) ?? "";
}

/**
 * The JavaScript that V8 runs of a script, by its URL; `undefined` if none is loaded from there.
 */
export async function scriptSource(url: string): Promise<string | undefined> {
  await messagesAllowed();
  const session = openInspector("Cannot read its code");
  try {
    await readScripts(session);
    const scriptId = [...scriptUrls].findLast(([, known]) => known === url)?.[0];
    if (scriptId === undefined) return undefined;
    const { scriptSource } = await post(session, "Debugger.getScriptSource", { scriptId });
    return scriptSource as string;
  } finally {
    session.disconnect();
  }
}

/** The URLs of the scripts that V8 had loaded when {@linkcode scriptSource} was last called. */
export function loadedScripts(): string[] {
  return [...new Set(scriptUrls.values())];
}

/** Enables the debugger, which tells of all scripts that are loaded. */
async function readScripts(session: Session): Promise<void> {
  const onScript = ({ params }: { params: { scriptId: string; url: string } }): void =>
    void scriptUrls.set(params.scriptId, params.url);
  session.on("Debugger.scriptParsed", onScript);
  await post(session, "Debugger.enable");
  session.off("Debugger.scriptParsed", onScript);
}
