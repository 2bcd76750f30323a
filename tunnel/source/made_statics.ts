import type { SyntaxNode } from "./syntax.ts";

/**
 * Whether a static property can be an object that the code of its class made: an instance, or a
 * list of such. It cannot if it was declared with `null`, `[]` or the like, and no code runs behind
 * that while the class is created: then it was assigned later.
 *
 * @param statics The static fields with a value, and the static blocks, in their order.
 */
export function canMake(statics: readonly SyntaxNode[], key: string | symbol): boolean {
  const declared = statics.findLastIndex((one) => keyOf(one) === key);
  return statics.some((one, i) => i >= declared && !isPlainStatic(one));
}

/** Whether a static field gives the same at any time, and no object of a class. */
export function isPlainStatic({ type, value }: SyntaxNode): boolean {
  return type !== "StaticBlock" && isPlain(value);
}

function keyOf({ type, computed, key }: SyntaxNode): string | undefined {
  if (type === "StaticBlock" || computed) return undefined;
  const { name, value } = key as SyntaxNode;
  return `${(key as SyntaxNode).type === "PrivateIdentifier" ? "#" : ""}${name ?? value}`;
}

/** Whether an expression gives the same at any time, and no object of a class. */
function isPlain(expression: unknown): boolean {
  const { type, elements, properties, argument, value, callee, arguments: args, computed, kind } =
    expression as SyntaxNode;
  switch (type) {
    case "Literal":
      return true;
    case "Identifier":
      return (expression as SyntaxNode).name === "undefined";
    case "UnaryExpression":
      return isPlain(argument);
    case "ArrayExpression":
      return (elements as unknown[]).every((one) => one === null || isPlain(one));
    case "ObjectExpression":
      return (properties as unknown[]).every(isPlain);
    case "Property":
      return !computed && kind === "init" && isPlain(value);
    case "NewExpression":
      return ["Map", "Set"].includes((callee as SyntaxNode).name as string) &&
        (args as unknown[]).length === 0;
    default:
      return false;
  }
}
