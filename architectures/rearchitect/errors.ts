/** A re-architecture that cannot be done: what was expected, of what, and what came; `remedy` mends it. */
export class RearchitectError extends Error {
  override readonly name = 'RearchitectError';
  readonly remedy: string | undefined;

  constructor(message: string, options: { readonly remedy?: string } = {}) {
    super(message);
    this.remedy = options.remedy;
  }
}
