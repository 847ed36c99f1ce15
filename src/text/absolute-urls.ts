/**
 * An address of this server as clients elsewhere can open it. Addresses of other hosts stay as they are.
 *
 * @param base our public address without a slash at the end; it can have a path
 */
export const toAbsoluteUrl = (url: string, base: string): string =>
  url.startsWith("/") && !url.startsWith("//") ? base + url : url;

/**
 * A copy of a JSON value in which the `url` of each citation and passage is absolute, also of its slide and
 * moments. Citations are
 * stored with paths, because the public address of a server can change.
 */
export function withAbsoluteUrls<T>(value: T, base: string): T {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map((one) => withAbsoluteUrls(one, base)) as T;
  const copy = Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [name, withAbsoluteUrls(inner, base)]),
  );
  if (isPlace(value) && typeof copy.url === "string") copy.url = toAbsoluteUrl(copy.url, base);
  return copy as T;
}

/** Whether it is a citation, a passage, or the slide or a moment of one. */
const isPlace = (value: object): boolean =>
  "asset_id" in value ||
  ("confidence" in value && ("document_id" in value || "lecture_id" in value));
