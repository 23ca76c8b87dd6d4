export const COMPILED_FOLDERS: readonly string[];
export const COMPILED_STAMP: string;
export function isCheckout(root: string): boolean;
export function isCompiled(root: string): boolean;
