/** Names that are the same but for the numbers in them. Each field has a list of numbers. */
type Box = readonly (readonly string[])[];

/**
 * Names as ranges, with commas between them. Names with brackets or backslashes stay as they are.
 *
 * @param names The names; of equal ones, one counts.
 */
export function foldNames(names: Iterable<string>): string[] {
  // By their texts around the numbers, so that all in one entry have the same number of fields.
  const shapes = new Map<string, { texts: string[]; boxes: Box[] }>();
  for (const name of new Set(names)) {
    const parts = /[[\]\\]/.test(name) ? [name] : name.split(/(\d+)/);
    const texts = parts.filter((_, i) => i % 2 === 0);
    const key = JSON.stringify(texts);
    const shape = shapes.get(key) ?? { texts, boxes: [] };
    shapes.set(key, shape);
    shape.boxes.push(parts.filter((_, i) => i % 2 === 1).map((number) => [number]));
  }
  return [...shapes.values()].flatMap(({ texts, boxes }) =>
    merged(boxes).map((box) => textOf(texts, box))
  );
}

/** Boxes that hold the same names, and are few: two that differ in one field become one. */
function merged(boxes: readonly Box[]): readonly Box[] {
  const fields = boxes[0]!.length;
  let result = boxes;
  // A merge in one field can make boxes equal in another.
  for (let before = Infinity; result.length < before && result.length > 1;) {
    before = result.length;
    for (let field = fields - 1; field >= 0; field--) {
      const rows = new Map<string, Box[]>();
      for (const box of result) {
        const others = JSON.stringify(replaced(box, field, []));
        const row = rows.get(others);
        if (row === undefined) rows.set(others, [box]);
        else row.push(box);
      }
      result = [...rows.values()].map((row) =>
        replaced(row[0]!, field, inOrder(row.flatMap((box) => box[field]!)))
      );
    }
  }
  return result;
}

/** A box with other numbers in a field. Node 18, which an agent may be, has no `Array.with()`. */
function replaced(box: Box, field: number, numbers: readonly string[]): Box {
  return box.map((own, i) => i === field ? numbers : own);
}

function inOrder(numbers: readonly string[]): string[] {
  return numbers.map((text) => ({ text, number: BigInt(text) }))
    .sort((a, b) =>
      a.number < b.number ? -1 : a.number > b.number ? 1 : a.text.length - b.text.length
    )
    .map(({ text }) => text);
}

function textOf(texts: readonly string[], box: Box): string {
  return texts.map((text, i) => i === 0 ? text : `${rangesOf(box[i - 1]!)}${text}`).join("");
}

/** Numbers in order as ranges, such as `[1-6,8]`; one number is itself. */
function rangesOf(numbers: readonly string[]): string {
  if (numbers.length === 1) return numbers[0]!;
  const ranges: { first: string; last: string }[] = [];
  /** The ranges by the number that would make them longer. */
  const open = new Map<string, { first: string; last: string }>();
  for (const number of numbers) {
    let range = open.get(number);
    if (range === undefined) ranges.push(range = { first: number, last: number });
    range.last = number;
    open.delete(number);
    const next = String(BigInt(number) + 1n).padStart(number.length, "0");
    // Ends of different lengths have no zeros in front.
    if (next.length === number.length || !range.first.startsWith("0") || range.first === "0") {
      open.set(next, range);
    }
  }
  const shown = ranges.map(({ first, last }) => first === last ? first : `${first}-${last}`);
  return `[${shown.join(",")}]`;
}
