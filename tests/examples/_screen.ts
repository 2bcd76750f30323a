import xterm from "npm:@xterm/headless@6.0.0";

/** The text that a terminal shows after `output` was written to it. */
export async function screenAfter(
  output: string,
  { columns, rows }: { readonly columns: number; readonly rows: number },
): Promise<string> {
  const terminal = new xterm.Terminal({ cols: columns, rows, allowProposedApi: true });
  await new Promise<void>((resolve) => terminal.write(output, resolve));
  const { active } = terminal.buffer;
  const lines = Array.from(
    { length: active.length },
    (_, i) => active.getLine(i)!.translateToString(true),
  );
  terminal.dispose();
  return lines.join("\n").trimEnd();
}
