import type { RequestInit as UndiciRequest } from 'undici';

/** Of these, in any case, clients of the web take their proxies. */
const PROXIES = ['http_proxy', 'https_proxy'];

/**
 * `fetch`, through the proxies that HTTP_PROXY, HTTPS_PROXY and NO_PROXY name, in either case. Node's
 * own does not know of these variables.
 */
export async function fetchByEnvironment(
  url: string,
  options: { readonly signal: AbortSignal; readonly headers: Record<string, string> },
): Promise<Response> {
  const named = Object.entries(process.env).some(
    ([name, value]) => PROXIES.includes(name.toLowerCase()) && value,
  );
  if (!named) return fetch(url, options);
  const { EnvHttpProxyAgent, fetch: fetchThrough } = await import('undici');
  const init: UndiciRequest = { ...options, dispatcher: new EnvHttpProxyAgent() };
  // The same standard's type, of another package.
  return (await fetchThrough(url, init)) as unknown as Response;
}
