import { join } from 'node:path';
import type { Context } from '../../foundation/reporting/context.ts';
import { recorded } from '../../workflows/records/analysis_record.ts';
import { type RecipePiece, recipePieceSchema } from '../../workflows/records/recipes_record.ts';
import { keyOf, readStored, writeStored } from '../../workflows/records/stored_result.ts';
import { MEASURING_VERSION } from '../../workflows/records/versions.ts';
import type { EarlierRecord } from './earlier_record.ts';
import type { Piece, PieceConditions } from './piece.ts';

/**
 * Measurements that are stored one by one, in a folder: what was interrupted goes on. What a record of before
 * has is not measured again either.
 */
export class PieceStore {
  private readonly folder: string;
  private readonly conditions: PieceConditions;
  private readonly earlier: EarlierRecord;
  private readonly context: Context;

  constructor(
    folder: string,
    conditions: PieceConditions,
    earlier: EarlierRecord,
    context: Context,
  ) {
    this.folder = folder;
    this.conditions = conditions;
    this.earlier = earlier;
    this.context = context;
  }

  /** Undefined for a piece that was not measured yet. */
  async find(piece: Piece): Promise<RecipePiece | undefined> {
    const identity = this.identity(piece);
    const { reporter } = this.context;
    const found = await readStored(this.path(piece), identity, recipePieceSchema, reporter);
    return found?.result ?? this.earlier.find(piece);
  }

  async keep(piece: Piece, result: RecipePiece): Promise<void> {
    const stored = { result: recorded(result), seconds: result.seconds };
    await writeStored(this.path(piece), this.identity(piece), stored);
  }

  private path(piece: Piece): string {
    return join(this.folder, `${keyOf(this.identity(piece))}.json`);
  }

  /** A recipe by its name: a version says when what the names stand for, or the code, makes other bytes. */
  private identity({ network: _, recipe, ...piece }: Piece) {
    const { name = null } = recipe ?? {};
    return { version: MEASURING_VERSION, ...this.conditions, ...piece, recipe: name };
  }
}
