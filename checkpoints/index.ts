/**
 * Float models in files: other programs' and our own, public checkpoints, training checkpoints.
 * @module tf8/checkpoints
 */
export type { Route } from '../foundation/downloads/route.ts';
export {
  type FloatFormat,
  type FloatModel,
  loadFloatModel,
} from './float_model.ts';
export type { GraphTensor } from './graph_def/network/tensor_proto.ts';
export type { ChannelAffine, ImageSize, ModelInput, PixelRange } from './input_affine.ts';
export { writeModelWeights } from './model_weights.ts';
export {
  type CheckpointSource,
  PUBLIC_CHECKPOINT_NAMES,
  PUBLIC_CHECKPOINTS,
  type PublicCheckpoint,
  publicCheckpoint,
} from './public/public_checkpoints.ts';
export { type PullOptions, pullCheckpoint, pulledModelDir } from './public/pull.ts';
export type { GraphOrigin, Reading } from './read_model.ts';
export type { ModelCard } from './store/model_card.ts';
export {
  type LoadedModel,
  loadModelFolder,
  type NewModelCard,
  saveModelFolder,
  verifyModelFolder,
} from './store/model_store.ts';
export { openCheckpointV1 } from './tensor_bundle/checkpoint_v1.ts';
export { openCheckpointV2 } from './tensor_bundle/checkpoint_v2.ts';
export type { Checkpoint, CheckpointObject, VariableInfo } from './tensor_bundle/variables.ts';
export {
  CheckpointFolder,
  type CheckpointFolderOptions,
  type NewCheckpoint,
} from './training_checkpoint/checkpoint_folder.ts';
export {
  readSafetensors,
  type Safetensors,
  writeSafetensors,
} from './training_checkpoint/safetensors.ts';
export {
  readTrainingCheckpoint,
  type TrainingCheckpoint,
} from './training_checkpoint/training_checkpoint.ts';
export { sha256OfTensors, type WeightTensor } from './weight_tensor.ts';
