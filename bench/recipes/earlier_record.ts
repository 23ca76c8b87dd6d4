import { readFile } from 'node:fs/promises';
import { isSameRecipe } from '../../quantize/model/recipe_of.ts';
import { FLOAT_ROW } from '../../workflows/compare/compare_options.ts';
import {
  type RecipePiece,
  type RecipesRecord,
  recipesRecordSchema,
} from '../../workflows/records/recipes_record.ts';
import { MEASURING_VERSION } from '../../workflows/records/versions.ts';
import type { Piece, PieceConditions } from './piece.ts';

type Networks = RecipesRecord['networks'];

/** The record that is stored already: a new one has its measurements too, each with the commit that made it. */
export class EarlierRecord {
  /** In the record's order; none where other images, or another version of the measuring, made it. */
  readonly networks: Networks;

  private constructor(networks: Networks) {
    this.networks = networks;
  }

  /**
   * @param path of the record; it may be absent
   * @throws ZodError where the file is no such record
   */
  static async open(path: string, conditions: PieceConditions): Promise<EarlierRecord> {
    const text = await readFile(path, 'utf8').catch(() => undefined);
    if (text === undefined) return new EarlierRecord([]);
    const record = recipesRecordSchema.parse(JSON.parse(text));
    return new EarlierRecord(isOfConditions(record, conditions) ? record.networks : []);
  }

  /** A network of the same name and weights. */
  network({ network, weightsSha256 }: Pick<Piece, 'network' | 'weightsSha256'>) {
    const found = this.networks.find(({ name }) => name === network);
    return found?.weightsSha256 === weightsSha256 ? found : undefined;
  }

  /** Undefined for a piece that it has not, or has of another recipe of that name. */
  find(piece: Piece): RecipePiece | undefined {
    const { recipe, calibrationImages, subset } = piece;
    const row = this.network(piece)?.rows.find(
      (row) =>
        row.recipe === (recipe?.name ?? FLOAT_ROW) && row.calibrationImages === calibrationImages,
    );
    const isSame =
      recipe === undefined || (row?.knobs !== undefined && isSameRecipe(row.knobs, recipe));
    return isSame ? row?.perSubset.find((found) => found.subset === subset) : undefined;
  }
}

function isOfConditions(record: RecipesRecord, conditions: PieceConditions): boolean {
  return (
    record.version === MEASURING_VERSION &&
    record.data === conditions.data &&
    record.seed === conditions.seed &&
    record.subsetImages === conditions.subsetImages &&
    record.subsets === conditions.subsets
  );
}
