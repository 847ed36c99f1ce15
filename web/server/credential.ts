import { strings } from "../text/strings";

/** The key of this tab. The browser removes it when the tab closes. */
const STORED = "lectern-key";
/** Set if the key came with a share link. */
const FROM_LINK = "lectern-key-from-link";

/** Used if the browser forbids storage. The key then ends with the page. */
const memory = new Map<string, string>();

const findSharedKey = (): string | undefined => /^#key=(\w+)$/.exec(location.hash)?.[1];

/** True if the address is a share link. */
export const hasSharedKey = (): boolean => findSharedKey() !== undefined;

/** Takes the key of a share link from the address and hides it there. */
export function takeSharedKey(): void {
  const key = findSharedKey();
  if (!key) return;
  write(STORED, key);
  write(FROM_LINK, "true");
  history.replaceState(null, "", location.pathname + location.search);
}

export const findKey = (): string | null => read(STORED);
export const isShared = (): boolean => read(FROM_LINK) !== null;

/** Keeps a key without invisible and foreign characters, which a header cannot have. */
export function storeKey(key: string): void {
  write(STORED, key.replace(/[^\x21-\x7e]/g, ""));
  remove(FROM_LINK);
}

export function removeKey(): void {
  remove(STORED);
  remove(FROM_LINK);
}

function read(name: string): string | null {
  try {
    return memory.get(name) ?? sessionStorage.getItem(name);
  } catch {
    return null;
  }
}

function write(name: string, value: string): void {
  memory.delete(name);
  try {
    sessionStorage.setItem(name, value);
  } catch {
    memory.set(name, value);
  }
}

function remove(name: string): void {
  memory.delete(name);
  try {
    sessionStorage.removeItem(name);
  } catch {
    // Nothing is stored.
  }
}

/** The headers of every request of the page; empty until the reader enters a key. */
export function credentialHeaders(): Record<string, string> {
  const key = findKey();
  return key ? { authorization: `Bearer ${key}` } : {};
}

/** The next step of the reader after the server refused the request for its key, or for its missing key. */
export function explainRefusal(): string {
  if (isShared()) return strings.linkExpired;
  return findKey() ? strings.keyRefused : strings.keyNeeded;
}
