import assert from 'node:assert/strict';
import { access, mkdir, readFile, truncate, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import * as tar from 'tar';
import { costOfNetwork } from '../../../architectures/layer_costs.ts';
import { STANDARD } from '../../../architectures/variants.ts';
import { readConstants } from '../../../checkpoints/graph_def/graph_def.ts';
import {
  type CheckpointSource,
  PUBLIC_CHECKPOINT_NAMES,
  PUBLIC_CHECKPOINTS,
  type PublicCheckpoint,
} from '../../../checkpoints/public/public_checkpoints.ts';
import { pull, pullCheckpoint, pulledModelDir } from '../../../checkpoints/public/pull.ts';
import { slimNetworkWeights } from '../../../checkpoints/public/slim_weights.ts';
import { loadModelFolder } from '../../../checkpoints/store/model_store.ts';
import { sha256OfTensors } from '../../../checkpoints/weight_tensor.ts';
import { UserError } from '../../../foundation/errors.ts';
import { sha256OfFile } from '../../../foundation/hashes/sha256.ts';
import { inFolder } from '../../support/in_folder.ts';
import { recordingReporter } from '../../support/recording_reporter.ts';
import { frozenGraph, slimTensors, TINY } from '../support.ts';

const TINY_NETWORK = { network: 'mobilenet_v1', variant: STANDARD, ...TINY } as const;

const MEMBER = 'net/frozen_graph.pb';

interface Host {
  readonly checkpoint: PublicCheckpoint;
  readonly cacheDir: string;
  /** How often each archive was asked for. */
  readonly requests: Map<string, number>;
  /** A source with the archive of this name; pinned by its hash where `pinned`. */
  source(
    name: 'good.tgz' | 'changed.tgz' | 'absent.tgz',
    pinned?: boolean,
  ): Promise<CheckpointSource>;
}

/** Serves archives of a small frozen graph: as published, and with one weight changed. */
async function withHost(use: (host: Host) => Promise<void>): Promise<void> {
  await inFolder(async (folder) => {
    const tensors = slimTensors(TINY);
    const weights = slimNetworkWeights(readConstants(frozenGraph(tensors), 'g'), TINY_NETWORK, 'g');
    const archive = async (name: string) => {
      await mkdir(join(folder, 'net'), { recursive: true });
      await writeFile(join(folder, MEMBER), frozenGraph(tensors));
      await tar.create({ gzip: true, file: join(folder, name), cwd: folder }, [MEMBER]);
    };
    await archive('good.tgz');
    tensors.get('MobilenetV1/Logits/Conv2d_1c_1x1/biases')!.values[0] += 1;
    await archive('changed.tgz');

    const requests = new Map<string, number>();
    const server = createServer(async (request, response) => {
      const name = request.url!.slice(1);
      requests.set(name, (requests.get(name) ?? 0) + 1);
      const content = await readFile(join(folder, name)).catch(() => undefined);
      response.writeHead(content === undefined ? 404 : 200).end(content);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const source: Host['source'] = async (name, pinned = false) => {
      const url = `http://127.0.0.1:${port}/${name}`;
      const sha256 = pinned ? await sha256OfFile(join(folder, name)) : undefined;
      return { route: { kind: 'url', url, ...(sha256 && { sha256 }) }, member: MEMBER };
    };
    const checkpoint: PublicCheckpoint = {
      name: 'tiny',
      network: 'mobilenet_v1',
      source: 'a small network of a test',
      ...TINY,
      labelOffset: 1,
      dataset: 'pets',
      tensorsSha256: sha256OfTensors(weights),
      sources: [await source('good.tgz')],
    };
    try {
      await use({ checkpoint, cacheDir: join(folder, 'cache'), requests, source });
    } finally {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  });
}

describe('pull', () => {
  it('makes a published frozen graph a stored model with its origin', () =>
    withHost(async ({ checkpoint, cacheDir }) => {
      const classNames = ['cat', 'dog', 'hamster', 'parrot'];
      const reporter = recordingReporter();
      const { dir, card } = await pull(checkpoint, { cacheDir, reporter, classNames });
      assert.equal(dir, pulledModelDir('tiny', cacheDir));
      assert.deepEqual(card.architecture, {
        network: 'mobilenet_v1',
        variant: 'standard',
        ...TINY,
      });
      assert.deepEqual(card.classNames, classNames);
      assert.equal(card.labelOffset, 1);
      assert.deepEqual(card.origin, {
        source: checkpoint.source,
        route: (checkpoint.sources[0].route as { url: string }).url,
        sha256: checkpoint.tensorsSha256,
      });
      const { model, card: loaded } = await loadModelFolder(dir);
      assert.deepEqual(loaded, card);
      assert.deepEqual(
        model.getLayer('Conv2d_1c_1x1').weights[1].read().dataSync(),
        slimTensors(TINY).get('MobilenetV1/Logits/Conv2d_1c_1x1/biases')!.values,
      );
      model.dispose();
    }));

  it('returns a model that is there without fetching anything', () =>
    withHost(async ({ checkpoint, cacheDir, requests }) => {
      const reporter = recordingReporter();
      const first = await pull(checkpoint, { cacheDir, reporter });
      await writeFile(join(cacheDir, 'checkpoints', 'tiny.tar.gz'), '');
      assert.deepEqual(await pull(checkpoint, { cacheDir, reporter }), first);
      assert.deepEqual(requests, new Map([['good.tgz', 1]]));
    }));

  it('takes an archive of a pinned hash at its word where nobody has stated that of its weights', () =>
    withHost(async ({ checkpoint: { tensorsSha256: _, ...checkpoint }, ...host }) => {
      const { cacheDir, requests, source } = host;
      const reporter = recordingReporter();
      const pinned = { ...checkpoint, sources: [await source('good.tgz', true)] };
      const first = await pull(pinned, { cacheDir, reporter });
      assert.equal(first.card.origin.sha256, pinned.sources[0].route.sha256);
      assert.deepEqual(await pull(pinned, { cacheDir, reporter }), first);
      assert.deepEqual(requests, new Map([['good.tgz', 1]]));

      const { route, member } = await source('changed.tgz', true);
      const sha256 = 'f'.repeat(64);
      const other = { ...checkpoint, sources: [{ route: { ...route, sha256 }, member }] };
      await assert.rejects(pull(other, { cacheDir, reporter }), (error) => {
        assert.ok(error instanceof UserError);
        assert.match(error.message, /expected SHA-256 f{64} for it but received /);
        return true;
      });
    }));

  it('makes a damaged model again from the cached archive, and says so', () =>
    withHost(async ({ checkpoint, cacheDir, requests }) => {
      const reporter = recordingReporter();
      const { dir, card } = await pull(checkpoint, { cacheDir, reporter });
      await truncate(join(dir, `weights-${card.weightsSha256.slice(0, 16)}.bin`), 100);
      await pull(checkpoint, { cacheDir, reporter });
      assert.match(reporter.messages.at(-1)!, /but received 100; pulling it again$/);
      (await loadModelFolder(dir)).model.dispose();
      assert.deepEqual(requests, new Map([['good.tgz', 1]]));
    }));

  it('makes the model again for other class names and for another pin', () =>
    withHost(async ({ checkpoint, cacheDir, source }) => {
      const reporter = recordingReporter();
      await pull(checkpoint, { cacheDir, reporter });
      const classNames = ['a', 'b', 'c', 'd'];
      const { card } = await pull(checkpoint, { cacheDir, reporter, classNames });
      assert.deepEqual(card.classNames, classNames);
      const kept = await pull(checkpoint, { cacheDir, reporter });
      assert.deepEqual(kept.card.classNames, classNames);
      const other = {
        ...checkpoint,
        tensorsSha256: 'f'.repeat(64),
        sources: [await source('good.tgz')],
      };
      await assert.rejects(pull(other, { cacheDir, reporter }), UserError);
    }));

  it('takes the next source where one cannot be reached or has other weights', () =>
    withHost(async ({ checkpoint, cacheDir, source }) => {
      const reporter = recordingReporter();
      const sources = await Promise.all(
        (['absent.tgz', 'changed.tgz', 'good.tgz'] as const).map((name) => source(name)),
      );
      const { card } = await pull({ ...checkpoint, sources }, { cacheDir, reporter });
      assert.match(card.origin.route, /good\.tgz$/);
      assert.ok(reporter.messages.some((text) => /404/.test(text)));
      assert.ok(
        reporter.messages.some((text) =>
          /changed\.tgz: Expected SHA-256 .* for the weights in net\/frozen_graph\.pb of .*; trying/.test(
            text,
          ),
        ),
      );
    }));

  it('refuses weights that are not the pinned ones, and forgets their archive', () =>
    withHost(async ({ checkpoint, cacheDir, source }) => {
      const reporter = recordingReporter();
      for (const pinned of [false, true]) {
        const sources = [await source('changed.tgz', pinned)];
        await assert.rejects(pull({ ...checkpoint, sources }, { cacheDir, reporter }), (error) => {
          assert.ok(error instanceof UserError);
          assert.match(
            error.message,
            /^Expected the pinned weights of tiny but no source gave them:/,
          );
          assert.match(error.message, /changed\.tgz: Expected SHA-256 /);
          return true;
        });
        await assert.rejects(access(join(cacheDir, 'checkpoints', 'tiny.tar.gz')));
        await assert.rejects(access(pulledModelDir('tiny', cacheDir)));
      }
    }));

  it('stops where the signal is aborted, with its reason', () =>
    withHost(async ({ checkpoint, cacheDir, requests }) => {
      const reporter = recordingReporter();
      const reason = new Error('interrupted');
      const signal = AbortSignal.abort(reason);
      await assert.rejects(pull(checkpoint, { cacheDir, reporter, signal }), reason);
      assert.equal(requests.size, 0);

      const controller = new AbortController();
      const aborting = {
        ...recordingReporter(),
        start: () => {
          controller.abort(reason);
          return { update() {}, end() {} };
        },
      };
      await assert.rejects(
        pull(checkpoint, { cacheDir, reporter: aborting, signal: controller.signal }),
        reason,
      );
      await assert.rejects(access(pulledModelDir('tiny', cacheDir)));
    }));
});

describe('pullCheckpoint', () => {
  it('lists the names where there is no checkpoint of that name', () =>
    inFolder(async (cacheDir) => {
      const pulling = pullCheckpoint('mobilenet', { cacheDir, reporter: recordingReporter() });
      await assert.rejects(pulling, (error) => {
        assert.ok(error instanceof UserError);
        assert.equal(
          error.message,
          'Expected the name of a public checkpoint but received "mobilenet"',
        );
        assert.equal(error.remedy, `Pull one of: ${PUBLIC_CHECKPOINT_NAMES}.`);
        return true;
      });
    }));

  it('has a hash of the weights or of every archive for every checkpoint, and of every file but those of the publisher', () => {
    for (const { name, tensorsSha256, sources } of PUBLIC_CHECKPOINTS) {
      if (tensorsSha256 !== undefined) assert.match(tensorsSha256, /^[0-9a-f]{64}$/, name);
      for (const { route } of sources) {
        const official = 'url' in route && /^https:\/\/storage\.googleapis\.com\//.test(route.url);
        assert.ok(official || route.sha256, name);
        if (tensorsSha256 === undefined) assert.match(route.sha256!, /^[0-9a-f]{64}$/, name);
      }
    }
  });

  it('has each checkpoint once, under a name of its own, and no two of one archive', () => {
    const names = PUBLIC_CHECKPOINTS.map(({ name }) => name);
    assert.equal(new Set(names).size, names.length);
    const pins = PUBLIC_CHECKPOINTS.flatMap(({ sources }) =>
      sources.map(({ route }) => route.sha256),
    );
    const pinned = pins.filter((pin) => pin !== undefined);
    assert.equal(new Set(pinned).size, pinned.length);
  });

  it('has checkpoints of networks that there are, at resolutions that they can have', () => {
    for (const checkpoint of PUBLIC_CHECKPOINTS) {
      const { network, widthMultiplier, resolution, classes, labelOffset } = checkpoint;
      costOfNetwork({ network, widthMultiplier, resolution, classes });
      assert.equal(classes - labelOffset, 1000);
    }
  });

  it('names those in short that differ in the resolution alone', () => {
    const names = PUBLIC_CHECKPOINT_NAMES.split(/, (?![^{]*\})/);
    const whole = names.flatMap((name) => {
      const [, start, ends] = /^(.*)\{(.*)\}$/.exec(name) ?? [];
      return ends === undefined ? [name] : ends.split(',').map((end) => `${start}${end}`);
    });
    assert.deepEqual(whole.sort(), PUBLIC_CHECKPOINTS.map(({ name }) => name).sort());
    assert.ok(names.includes('mobilenet_v1_0.75_{224,192,160,128}'));
  });
});
