/** How an agent decodes what its controller sends, which may be of any size; see `Agent`. */
export const TRUSTED: { readonly maxCost: number } = { maxCost: Infinity };
