import type { Recipe } from '../../quantize/convert/recipe.ts';

/** What one measurement is of. */
export interface Piece {
  readonly network: string;
  readonly weightsSha256: string;
  /** Undefined for the float network. */
  readonly recipe: Recipe | undefined;
  /** 0 of the float network. */
  readonly calibrationImages: number;
  readonly subset: number;
}

/** What all pieces have in common. */
export interface PieceConditions {
  /** The fingerprint of the images. */
  readonly data: string;
  readonly seed: number;
  readonly subsetImages: number;
  readonly subsets: number;
  /** Of the float network. */
  readonly backend: string;
}
