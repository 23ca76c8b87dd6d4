import type { NetworkConfig } from '../../architectures/network.ts';
import { STANDARD } from '../../architectures/variants.ts';
import { AS_PUBLISHED } from '../../quantize/convert/recipe.ts';
import { publishedNetwork } from '../quantize/execute/published_network.ts';
import { needsTensorFlow } from '../support/needs_tensorflow.ts';
import { randomGraph } from '../training/quantized/random_graphs.ts';
import { assertExact, LEARNED, startOf, startOfGraph } from '../training/quantized/support.ts';

describe('the bytes of whole networks that are trained quantization-aware', () => {
  before(needsTensorFlow);

  const small = { resolution: 32, classes: 5 };
  const networks: Record<string, NetworkConfig> = {
    MobileNetV1: { network: 'mobilenet_v1', variant: STANDARD, widthMultiplier: 0.1, ...small },
    MobileNetV2: { network: 'mobilenet_v2', widthMultiplier: 0.1, ...small },
    'MobileNetV3 Small': { network: 'mobilenet_v3_small', widthMultiplier: 0.1, ...small },
    'EfficientNet-Lite0': { network: 'efficientnet_lite0', widthMultiplier: 0.1, ...small },
  };
  for (const [title, config] of Object.entries(networks)) {
    it(`are the executor's in every layer of ${title} with made-up weights`, async () => {
      assertExact(await startOf(config, AS_PUBLISHED));
    });
  }

  it("are the executor's of photographs in every layer of the published MobileNetV1, before and after changes", async function () {
    const { graphs, models, photographs } = await publishedNetwork(this, 4, ['mean']);
    const start = { graph: graphs.get('mean')!, model: models.get('mean')! };
    assertExact(start, photographs);
    assertExact(start, photographs, { ...LEARNED, batchNorms: 're-estimated' });
  });

  for (let seed = 6; seed < 40; seed++) {
    it(`are the executor's of random layers (${seed})`, async () => {
      const softmax = seed % 2 === 1;
      const graph = randomGraph(seed, 4 + (seed % 3), softmax);
      const start = await startOfGraph(graph, AS_PUBLISHED, softmax);
      const ranges = seed % 4 < 2 ? 'learned' : 'observed';
      assertExact(start, undefined, { ...LEARNED, ranges });
    });
  }
});
