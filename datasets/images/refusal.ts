/** Why a file is not decoded. */
export interface Refusal {
  /** What stands behind "Expected an image in … but". */
  readonly reason: string;
  /** Where it is another than replacing the file. */
  readonly remedy?: string;
}
