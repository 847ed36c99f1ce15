/**
 * The result of the allow-list for an address.
 *
 * - `public`: a listed name; https on the usual port, and only public addresses behind it.
 * - `private`: listed as `host:port`; can use plain http and any network.
 * - `null`: not listed.
 */
export type Listing = "public" | "private" | null;

/**
 * Reads an allow-list once and answers for any URL.
 *
 * @param patterns  `name.example`, `*.example.com` (any depth below, not the name itself),
 *                  or `host:port` for development
 */
export function openHostRules(patterns: string[]): (url: URL) => Listing {
  const rules = patterns.map((pattern) => pattern.trim().toLowerCase()).filter(Boolean);

  return (url) => {
    const { hostname, port, protocol } = url;
    if (rules.includes(`${hostname}:${port || (protocol === "https:" ? "443" : "80")}`)) {
      return "private";
    }
    const listed = rules.some((rule) =>
      rule.startsWith("*.") ? hostname.endsWith(rule.slice(1)) : hostname === rule,
    );
    return listed && port === "" ? "public" : null;
  };
}
