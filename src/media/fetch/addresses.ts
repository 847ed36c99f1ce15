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
 * ranges (NAT64, 6to4, Teredo) that can contain one of those.
 */
export function isPublicAddress(address: string): boolean {
  return ipaddr.isValid(address) && ipaddr.process(address).range() === "unicast";
}

/** The address inside a URL's host name, without brackets, or null when it is a name. */
export function literalAddress(hostname: string): string | null {
  const bare = hostname.replace(/^\[(.*)\]$/, "$1");
  return ipaddr.isValid(bare) ? bare : null;
}
