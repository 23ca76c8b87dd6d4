import { z } from 'zod';

/**
 * One way to get an artifact. `url`: an official address; without `sha256` only where the caller
 * verifies the content by another pinned SHA-256. `pip`: a file of a PyPI package through the pip
 * client. `apt`: a Debian package through `apt-get download`, without root. `npm`: an npm package
 * through `npm pack`, which runs nothing of it.
 */
export type Route =
  | { kind: 'url'; url: string; sha256?: string }
  | { kind: 'pip'; requirement: string; sha256: string; args?: readonly string[] }
  | { kind: 'apt'; package: string; version: string; sha256: string }
  | { kind: 'npm'; package: string; version: string; sha256: string };

export const routeSchema: z.ZodType<Route> = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('url'), url: z.string(), sha256: z.string().exactOptional() }),
  z.object({
    kind: z.literal('pip'),
    requirement: z.string(),
    sha256: z.string(),
    args: z.array(z.string()).readonly().exactOptional(),
  }),
  z.object({
    kind: z.literal('apt'),
    package: z.string(),
    version: z.string(),
    sha256: z.string(),
  }),
  z.object({
    kind: z.literal('npm'),
    package: z.string(),
    version: z.string(),
    sha256: z.string(),
  }),
]);

/** "https://…", "pip tensorflow-cpu==2.15.1", "apt dataset-fashion-mnist=1.0", "npm thing@1.0.0". */
export function describeRoute(route: Route): string {
  switch (route.kind) {
    case 'url':
      return route.url;
    case 'pip':
      return `pip ${route.requirement}`;
    case 'apt':
      return `apt ${route.package}=${route.version}`;
    case 'npm':
      return `npm ${route.package}@${route.version}`;
  }
}

/** Why a route gave nothing; the next one is tried. */
export class RouteFailure extends Error {
  override readonly name = 'RouteFailure';
}

/** A file that a route brought, whose content is not the pinned one. */
export function wrongHash(what: string, expected: string, received: string): RouteFailure {
  return new RouteFailure(`expected SHA-256 ${expected} for ${what} but received ${received}`);
}
