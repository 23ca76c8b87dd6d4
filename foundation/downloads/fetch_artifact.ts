import { dirname, join } from 'node:path';
import { UserError } from '../errors.ts';
import { asFileError } from '../files/file_errors.ts';
import { makeFolder } from '../files/make_folder.ts';
import type { Reporter } from '../reporting/reporter.ts';
import { verifiedRoute, writeRecord } from './artifact_record.ts';
import { downloadUrl } from './download_url.ts';
import { fetchPackage } from './fetch_package.ts';
import { describeRoute, type Route, RouteFailure } from './route.ts';

export type { Route } from './route.ts';
export { unpackDeb } from './unpack_deb.ts';

/**
 * Gets a pinned file: from `<cacheDir>/<name>` where it lies verified, else by the first of
 * `routes` that brings the promised content. Safe to call from several processes at once; an
 * interrupted URL download resumes at the next call.
 *
 * @returns the file's path, and the route by which it came
 * @throws UserError with every route's reason where none worked, or where the cache folder cannot
 *   be written; the signal's reason when aborted
 */
export async function fetchArtifact(options: {
  name: string;
  routes: readonly Route[];
  cacheDir: string;
  reporter: Reporter;
  signal?: AbortSignal;
}): Promise<{ path: string; route: Route }> {
  const { name, routes, cacheDir, reporter, signal } = options;
  const path = join(cacheDir, name);
  try {
    await makeFolder(dirname(path));
    const cached = await verifiedRoute(path, routes);
    if (cached !== undefined) return { path, route: cached };

    const failures: string[] = [];
    for (const route of routes) {
      signal?.throwIfAborted();
      try {
        const sha256 = await follow(route, path, options);
        await writeRecord(path, sha256, route);
        return { path, route };
      } catch (error) {
        if (!(error instanceof RouteFailure)) throw error;
        failures.push(`${describeRoute(route)}: ${error.message}`);
        if (failures.length < routes.length) {
          reporter.info(`${name}: ${failures.at(-1)}; trying the next source`);
        }
      }
    }
    throw noRoute(name, path, routes, failures);
  } catch (error) {
    throw asFileError(error, path);
  }
}

async function follow(
  route: Route,
  target: string,
  { name, reporter, signal }: { name: string; reporter: Reporter; signal?: AbortSignal },
): Promise<string> {
  const common = { target, label: name, reporter, ...(signal && { signal }) };
  if (route.kind === 'url') {
    const { url, sha256 } = route;
    return downloadUrl({ ...common, url, ...(sha256 !== undefined && { sha256 }) });
  }
  await fetchPackage(route, common);
  return route.sha256;
}

function noRoute(
  name: string,
  path: string,
  routes: readonly Route[],
  failures: readonly string[],
): UserError {
  const pinned = routes.flatMap((route) => route.sha256 ?? []);
  const byHand = pinned.length > 0 ? `, or put the file at ${path} (SHA-256 ${pinned[0]})` : '';
  return new UserError(
    failures.length === 1
      ? `Expected ${name} from ${failures[0]}`
      : [`Expected ${name} from one of these but all failed:`, ...failures].join('\n  - '),
    { remedy: `Mend this and run the command again${byHand}.` },
  );
}
