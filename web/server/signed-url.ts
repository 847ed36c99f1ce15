import { useEffect, useState } from "react";
import { toReachableUrl } from "./base-url";
import { lectern } from "./client";
import { findKey } from "./credential";

/** True when links to a file of this server need a signature: links and images send no key. */
export const needsSignature = (url: string): boolean =>
  /\/api\/(documents|lectures)\//.test(url) && findKey() !== null;

const signed = new Map<string, { url: string; expires: number }>();
/** A signature that ends sooner is renewed. Milliseconds. */
const MARGIN_MS = 60_000;

/** The address with a signature, or unchanged if it needs none or the server gives none. */
export async function signUrl(url: string): Promise<string> {
  if (!needsSignature(url)) return url;
  const known = signed.get(url);
  if (known && known.expires - MARGIN_MS > Date.now()) return known.url;
  const [path = url] = /\/api\/.*$/.exec(url) ?? [];
  const answer = await lectern
    .POST("/api/signed-urls", { body: { urls: [path] } })
    .catch(() => null);
  const item = answer?.data?.items[0];
  // Without a signature the address itself shows why it does not open.
  if (!item) return url;
  const reachable = toReachableUrl(item.url);
  signed.set(url, { url: reachable, expires: Date.parse(item.expires_at) });
  return reachable;
}

/** Opens a link to a file of this server in a new tab. */
export async function openSigned(url: string): Promise<void> {
  // Browsers allow a new tab only during the click.
  const tab = window.open("about:blank", "_blank");
  if (!tab) return;
  tab.opener = null;
  tab.location.replace(await signUrl(url));
}

/** The address of an image that the browser can load; undefined until it is signed. */
export function useSignedUrl(url: string | undefined): string | undefined {
  const [result, setResult] = useState<{ of: string; url: string }>();
  useEffect(() => {
    let isCurrent = true;
    if (url && needsSignature(url)) {
      void signUrl(url).then((ready) => isCurrent && setResult({ of: url, url: ready }));
    }
    return () => {
      isCurrent = false;
    };
  }, [url]);
  if (url === undefined || !needsSignature(url)) return url;
  return result?.of === url ? result.url : undefined;
}
