import { z } from 'zod';
import { RecipeSchema } from '../../quantize/convert/recipe_schema.ts';
import { comparedFigures } from './comparison_record.ts';
import { environmentSchema } from './environment.ts';

const count = z.int().min(0);
const seconds = z.number().min(0);

/** What a recipe makes of a network with one subset of calibration images. */
export const recipePieceSchema = z.strictObject({
  subset: count,
  ...comparedFigures,
  /** What quantizing took; 0 of the float network. */
  seconds,
  /** The same, of all threads; it depends less on what else the machine does. */
  processorSeconds: seconds,
  /** Of the checkout that measured it, as `environment.commit`: a record grows over several. */
  commit: z.string(),
});

/** What another program makes of the network, calibrated and measured on the same images. */
const peerSchema = z.strictObject({
  /** "NNCF" */
  program: z.string(),
  /** By package. */
  versions: z.record(z.string(), z.string()),
  perSubset: z.array(recipePieceSchema).min(1),
});

/** What recipes make of published networks, by `npm run bench:recipes`. */
export const recipesRecordSchema = z.strictObject({
  /** Day of the last measurement, ISO 8601. */
  date: z.iso.date(),
  environment: environmentSchema,
  /** MEASURING_VERSION of all its figures. */
  version: count,
  /** The fingerprint of the images. */
  data: z.string(),
  seed: count,
  /** Images of a subset; the others are measured. */
  subsetImages: z.int().min(1),
  /** Subsets that the images are divided into; a row has those that were measured. */
  subsets: z.int().min(1),
  networks: z.array(
    z.strictObject({
      name: z.string(),
      /** Of its float weights. */
      weightsSha256: z.string(),
      rows: z.array(
        z.strictObject({
          /** "float", or the recipe's name. */
          recipe: z.string(),
          /** 0 of the float network. */
          calibrationImages: count,
          /** Absent for the float network. */
          knobs: RecipeSchema.exactOptional(),
          perSubset: z.array(recipePieceSchema).min(1),
        }),
      ),
      /** What other programs make of it after training, in float arithmetic that rounds. */
      peers: z.array(peerSchema).exactOptional(),
    }),
  ),
});

/** @interface */
export type RecipePiece = Readonly<z.infer<typeof recipePieceSchema>>;
/** @interface */
export type RecipePeer = Readonly<z.infer<typeof peerSchema>>;
/** @interface */
export type RecipesRecord = Readonly<z.infer<typeof recipesRecordSchema>>;
