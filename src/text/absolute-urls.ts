/**
 * An address of this server as clients elsewhere can open it. Addresses of other hosts stay as they are.
 *
 * @param base our public address without a slash at the end; it can have a path
 */
export const toAbsoluteUrl = (url: string, base: string): string =>
  url.startsWith("/") && !url.startsWith("//") ? base + url : url;

/**
 * Makes the `url` of each citation and passage in a JSON value absolute, also of its slide and moments.
 * Citations are stored with paths, because the public address of a server can change.
 *
 * @returns a value that shares with `value` all parts without such a `url`; `value` is unchanged
 */
export function withAbsoluteUrls<T>(value: T, base: string): T {
  if (typeof value !== "object" || value === null) return value;
  const given = value as Record<string, unknown>;
  const hasUrl = !Array.isArray(value) && isPlace(value) && typeof given.url === "string";
  // Most values have no such url, and a copy of each event was a fortieth of a short answer.
  let copy: Record<string, unknown> | undefined;
  for (const name of Object.keys(value)) {
    const inner = given[name];
    const absolute =
      hasUrl && name === "url"
        ? toAbsoluteUrl(inner as string, base)
        : withAbsoluteUrls(inner, base);
    if (absolute === inner) continue;
    copy ??= (Array.isArray(value) ? [...value] : { ...value }) as Record<string, unknown>;
    copy[name] = absolute;
  }
  return (copy ?? value) as T;
}

/** Whether it is a citation, a passage, or the slide or a moment of one. */
const isPlace = (value: object): boolean =>
  "asset_id" in value ||
  ("confidence" in value && ("document_id" in value || "lecture_id" in value));
