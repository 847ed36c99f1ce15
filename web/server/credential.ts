import { strings } from "../text/strings";

/** The key of this tab. The browser removes it when the tab closes. */
const STORED = "lectern-key";
/** Set if the key came with a share link. */
const FROM_LINK = "lectern-key-from-link";

/** Takes the key of a share link from the address and hides it there. True if the address had one. */
export function takeSharedKey(): boolean {
  const [, key] = /^#key=(\w+)$/.exec(location.hash) ?? [];
  if (!key) return false;
  sessionStorage.setItem(STORED, key);
  sessionStorage.setItem(FROM_LINK, "true");
  history.replaceState(null, "", location.pathname + location.search);
  return true;
}

export const findKey = (): string | null => sessionStorage.getItem(STORED);
export const isShared = (): boolean => sessionStorage.getItem(FROM_LINK) !== null;

export function storeKey(key: string): void {
  sessionStorage.setItem(STORED, key.trim());
  sessionStorage.removeItem(FROM_LINK);
}

export function removeKey(): void {
  sessionStorage.removeItem(STORED);
  sessionStorage.removeItem(FROM_LINK);
}

/** The headers of every request of the page; empty until the reader enters a key. */
export function credentialHeaders(): Record<string, string> {
  const key = findKey();
  return key ? { authorization: `Bearer ${key}` } : {};
}

/** What the reader can do after the server refused the request for its key, or for its missing key. */
export function explainRefusal(): string {
  if (isShared()) return strings.linkExpired;
  return findKey() ? strings.keyRefused : strings.keyNeeded;
}
