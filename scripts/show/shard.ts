import { shardName } from '../../datasets/order/shard.ts';
import type { ShardResult } from '../../workflows/shards/shard_file.ts';

/** What became of a shard, in a line. */
export function shardLine({ shard, out, model, dataset, images, skipped }: ShardResult): string {
  const unread = skipped > 0 ? `; ${skipped} could not be read` : '';
  return `${model}: shard ${shardName(shard)}, ${images} images of ${dataset}${unread}, in ${out}`;
}
