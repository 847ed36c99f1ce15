/**
 * The address of this server without a slash at the end. The page is at `…/ag-ui/`, and a proxy can add a
 * path in front of it.
 */
export const BASE_URL = new URL("..", location.href.replace(/[?#].*$/, "")).href.replace(/\/$/, "");

/**
 * The address of a file of this server as this browser reaches it. The server does not know the path that
 * a proxy adds. Addresses of other servers stay as they are.
 */
export function toReachableUrl(url: string): string {
  const { origin, pathname, search, hash } = new URL(url, `${BASE_URL}/`);
  const [path] = /\/api\/(?:documents|lectures)\/.*$/.exec(pathname) ?? [];
  const isOurs = path !== undefined && (origin === location.origin || !/^https?:/.test(url));
  return isOurs ? `${BASE_URL}${path}${search}${hash}` : url;
}
