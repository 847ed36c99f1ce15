import { lookup } from "node:dns/promises";
import ipaddr from "ipaddr.js";

/** Resolves a host name to all its addresses. Tests pass their own. */
export type Resolve = (hostname: string) => Promise<string[]>;

/** The `reason` of an error when a host name has no address, so that no server can be asked. */
export const NO_ADDRESS = "the host name has no address";

/** Resolves with the operating system, in the order it prefers. An unknown name has no address. */
export const resolveWithSystem: Resolve = async (hostname) => {
  const found = await lookup(hostname, { all: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOTFOUND") return [];
    throw error;
  });
  return found.map(({ address }) => address);
};

/**
 * Whether an address belongs to one machine on the public internet.
 *
 * An IPv4 address written as IPv6 is checked as IPv4. Everything with a special purpose
 * is refused: private, loopback, link-local, carrier-grade NAT, multicast, and the translation
 * ranges (NAT64, 6to4, Teredo) that can contain one of those. So is IPv6 outside of 2000::/3, such as ::127.0.0.1,
 * because the public internet has no other addresses.
 */
export function isPublicAddress(address: string): boolean {
  if (!ipaddr.isValid(address)) return false;
  const parsed = ipaddr.process(address);
  if (parsed.range() !== "unicast") return false;
  return parsed.kind() === "ipv4" || parsed.match(GLOBAL_UNICAST);
}

const GLOBAL_UNICAST = ipaddr.parseCIDR("2000::/3");

/** The URL of a web address; null if URL parsers read it differently, or if it has a name or password. */
export function parsePlainAddress(address: string): URL | null {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the pattern looks for them
  const isOdd = /[\\\u0000-\u0020\u007f]/.test(address);
  const url = isOdd ? null : URL.parse(address);
  return !url || url.username || url.password || url.hostname.endsWith(".") ? null : url;
}

/** The address inside a URL's host name, without brackets, or null when it is a name. */
export function literalAddress(hostname: string): string | null {
  const bare = hostname.replace(/^\[(.*)\]$/, "$1");
  return ipaddr.isValid(bare) ? bare : null;
}
