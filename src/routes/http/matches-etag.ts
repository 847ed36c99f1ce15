/** True if the header If-None-Match names this version, or any with `*`. Weak tags count: RFC 9110 §13.1.2. */
export const matchesEtag = (header: string | null, etag: string): boolean =>
  header !== null && (header.trim() === "*" || header.split(",").some((tag) => bare(tag) === etag));

const bare = (tag: string) => tag.trim().replace(/^W\//, "");
