/**
 * The MobileNets that TF-slim publishes, as rows. The publisher states no hashes. Those of its archives
 * are as the recipes of a Linux distribution pin them (github.com/renesas-rz/meta-renesas-ai,
 * meta-benchmark/recipes-benchmark/models/models-tensorflow-lite.bb); of MobileNetV2 1.0 224 and of
 * MobileNetV3-Small 1.0 another list states the same ones (github.com/openvinotoolkit/open_model_zoo,
 * models/public). An archive of another hash is refused.
 */
import type { NetworkName } from '../../architectures/registry.ts';
import type { PublicCheckpoint } from './public_checkpoint.ts';

/** Width multiplier as the file's name has it, resolution, SHA-256 of the archive. */
type Row = readonly [width: string, resolution: number, sha256: string];

/** MobileNet_v1_2018_02_22 */
const MOBILENET_V1: readonly Row[] = [
  ['1.0', 224, '1ccb74dbd9c5f7aea879120614e91617db9534bdfaa53dfea54b7c14162e126b'],
  ['1.0', 192, 'ad683fb270cd1b0f49c820c4acf5fcbbfa546ae354b1345a4fff5f19f99d7c44'],
  ['1.0', 160, '1f612ebeda0e7e149897273c445b790ca8924a8a1488e6a61d36166a562fd89c'],
  ['1.0', 128, 'd16f3102c1cb087eacf94c6a5abf0477767158fb891b2710409472bca4d988a8'],
  ['0.75', 224, 'bf61b3ce7ca2d045bb35fa6ab9a68732e3531291266db4a8c7715227d7425657'],
  ['0.75', 192, '3d91d279cd06c055500aabdff8dfbd51a63797c7bb6b3f9a39e243f7c13997e9'],
  ['0.75', 160, '90b3f26406a89df489373358aa89d9db7bcb66d2400160f16f3687f79e4f66b2'],
  ['0.75', 128, '54a28065f6f230d0b71cf8fbbc50bbb89b4fdfada8e7e2a622da68b971d5ab97'],
  ['0.5', 224, '0eb9be8d18dcf9466a2a2d2157e71c83cd70dc168255d76d72bfe965318db725'],
  ['0.5', 192, '57c81cc48349d1079377f8cdeed3f017500aeb98a12f16c6ed2086a50848ecb6'],
  ['0.5', 160, 'fb01b76ca1fb053e5f98d297e21c6c53d0d9f6a8b02ad2e88ac22b33b2adf729'],
  ['0.5', 128, '5a0def0d844327526385b110cdcaa6428d0828ff6d07515ef25bf3976e049d88'],
  ['0.25', 224, 'eee166d4d1de004e2ee5de19a4f5045574d764ef59569dc284545f805a295074'],
  ['0.25', 192, '4889d7afabc31011f5218f6111532947ff7d5b6b9368afe1f152c67c6f30ea73'],
  ['0.25', 160, '8eb4540af0227e5e59849c41ca6da6f07e257cca887ec0f8cd33aeb46f1405cf'],
  ['0.25', 128, '34c52de7562259f66399993ef5ea222cc625d2e6f6f886a01fdc6cc99a0c7ee6'],
];

const MOBILENET_V2: readonly Row[] = [
  ['1.4', 224, 'a20d0c8d698502dc6a620528871c97a588885df7737556243a3412b39fce85e0'],
  ['1.3', 224, 'b04129d44a46e0eb409c1a2bc255472ebdd57f9c091812e7866d79d0cc7fecaa'],
  ['1.0', 224, '318084bc1b63d6d7b854553e09cdf77078b1c0168be27c59a0d44253b5ed49dc'],
  ['1.0', 192, 'e8d9cd7c571f375c80945b5f889705ae412db32d3419d747e796429e39132f48'],
  ['1.0', 160, 'e374bc70066dde0c3af6cb4c98ecd8707800d71d11353c4cc359b3069415f23e'],
  ['1.0', 128, 'f692e341cf1529df4f7e68ed13d0284ad8796ade1108f802eec135abc1fc1b83'],
  ['1.0', 96, '8f0377b71d79f5626c5198f248b476d2604b3e4e596ca4076e1b1f8fcd3f3844'],
  ['0.75', 224, '335cd22c7e1c5e80205dedd6e2ff5d1d8af5c29074496eb047fd621349e10cc5'],
  ['0.75', 192, '40efef9324376d47b872d1cd6e4de8ba7c9323b6203252aa66dc2b2413e0dc8d'],
  ['0.75', 160, '904d1a1f84c329ad766464d132f697e96814685853c45c6ee4dd21877ada36bc'],
  ['0.75', 128, '9ac932679a9fb1304bc1435bb7fa30e1b2fcaa7f49e0902da24d154ec83f9302'],
  ['0.75', 96, 'bdf06eec5478dbb1bb9e01648637d8acd4cc500f72e1a3dad01ba45642e31e6f'],
  ['0.5', 224, '813febbdbe2a7a50055ee2f6b374938aed03e2f607f63f3479622aefc4e12b00'],
  ['0.5', 192, '5a344ed91cded5d420b6c65d47343ee60b43b570953b0feed4ee95451a679dd5'],
  ['0.5', 160, 'f89c879b1a45c5d677ad7fe499f08a7854ef1772f0f5ae5d606afaaa87218e45'],
  ['0.5', 128, 'ba078efd101c2308fb978467084f0ec12485ed8bfbb7695e477587b3272a1d66'],
  ['0.5', 96, '71a814047d7729bad711ae3e7db30e6c32999a1189f88d328b73939f7aa80d62'],
  ['0.35', 224, 'efcc34277c52f7dd4b0b26c2f52686793f4ea5fdddc899ac5aac9eb8d5861550'],
  ['0.35', 192, '5dec603e2714a780c3cfc0656dac51bf2f4b354c4f7acda879ad5b6017f3f55b'],
  ['0.35', 160, 'e579b5b50f47e88dc0c4390d20a396658b97457182f83905154a8a687ba15fa7'],
  ['0.35', 128, 'c21a8f89e2e1a49e9002b1e1b871f3c92695ccb0cd64e7e7a21b71f2820beddb'],
  ['0.35', 96, '282996bca7d799d0172ce5d34ac59dea497c4c75f069a8b466bb944c6f843353'],
];

const MOBILENET_V3: readonly (readonly [size: 'large' | 'small', width: string, sha256: string])[] =
  [
    ['large', '1.0', '9be8563f92022f412c82f2811d670888d6db998e2da9af3e71415fdde2f4f504'],
    ['large', '0.75', '4346e7893769d3f8ac79e28e7924b351bf8348a8a4d5e7a606260003e706aea5'],
    ['small', '1.0', 'e60ad9f450f892ae56f8b9122ffc750d88940d9e6b63f6dc70649179fb3a9065'],
    ['small', '0.75', 'fffd2e437434f319623ecf26cdbebdb933dcd753afa38e7c2f78cb59c6fc470f'],
  ];

interface SlimFile {
  readonly name: string;
  readonly network: NetworkName;
  readonly source: string;
  readonly width: string;
  readonly resolution: number;
  readonly url: string;
  readonly member: string;
  readonly sha256: string;
}

/** Output 0 is the background, and images are as slim's `preprocess_for_eval` has them. */
function slimCheckpoint(file: SlimFile): PublicCheckpoint {
  const { name, network, source, width, resolution, url, member, sha256 } = file;
  return {
    name,
    network,
    source: `TF-slim ${source}`,
    widthMultiplier: Number(width),
    resolution,
    classes: 1001,
    labelOffset: 1,
    dataset: 'imagenet',
    sources: [{ route: { kind: 'url', url, sha256 }, member }],
  };
}

/** What 2017_06_14 has published under this name: the network of the paper, in public_checkpoints.ts. */
const OF_2017 = 'mobilenet_v1_1.0_224';

function mobileNetV1([width, resolution, sha256]: Row): PublicCheckpoint {
  const file = `mobilenet_v1_${width}_${resolution}`;
  return slimCheckpoint({
    name: file === OF_2017 ? `${file}_2018_02_22` : file,
    network: 'mobilenet_v1',
    source: `MobileNet_v1_${width}_${resolution} of 2018_02_22`,
    width,
    resolution,
    url: `https://storage.googleapis.com/download.tensorflow.org/models/mobilenet_v1_2018_02_22/${file}.tgz`,
    member: `${file}_frozen.pb`,
    sha256,
  });
}

function mobileNetV2([width, resolution, sha256]: Row): PublicCheckpoint {
  const file = `mobilenet_v2_${width}_${resolution}`;
  return slimCheckpoint({
    name: file,
    network: 'mobilenet_v2',
    source: file,
    width,
    resolution,
    url: `https://storage.googleapis.com/mobilenet_v2/checkpoints/${file}.tgz`,
    member: `${file}_frozen.pb`,
    sha256,
  });
}

function mobileNetV3([size, width, sha256]: (typeof MOBILENET_V3)[number]): PublicCheckpoint {
  const file = `v3-${size}_224_${width}_float`;
  return slimCheckpoint({
    name: `mobilenet_v3_${size}_${width}_224`,
    network: `mobilenet_v3_${size}`,
    source: `MobileNetV3 ${file}`,
    width,
    resolution: 224,
    url: `https://storage.googleapis.com/mobilenet_v3/checkpoints/${file}.tgz`,
    member: `${file}/${file}.pb`,
    sha256,
  });
}

/** A row of `PUBLIC_CHECKPOINTS` for each. */
export const SLIM_CHECKPOINTS: readonly PublicCheckpoint[] = [
  ...MOBILENET_V1.map(mobileNetV1),
  ...MOBILENET_V2.map(mobileNetV2),
  ...MOBILENET_V3.map(mobileNetV3),
];
