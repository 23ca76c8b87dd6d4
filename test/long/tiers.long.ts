import { examineTiers } from '../../quantize/kernels/select.ts';
import { publishedNetwork, ReferenceLayers } from '../quantize/execute/published_network.ts';

const IMAGES = 20;

describe(`every tier gives the reference's bytes on every layer of the published network`, function () {
  this.timeout(30 * 60_000);
  let reference: ReferenceLayers;

  before(async function () {
    const { models, photographs } = await publishedNetwork(this, IMAGES, ['keep']);
    reference = new ReferenceLayers(models.get('keep')!, photographs);
  });

  for (const report of examineTiers()) {
    if (report.tier === 'reference' || report.state !== 'passed') continue;
    it(`on ${report.name}: ${IMAGES} images, on 1 and 2 threads`, () => {
      for (const threads of [1, 2]) reference.compare(report.kernels, threads);
    });
  }
});
