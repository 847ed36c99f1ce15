import { isIP } from "node:net";
import ipaddr from "ipaddr.js";

/** The address of a connection, as `server.requestIP` returns it. */
type AddressSource = { requestIP(request: Request): { address: string } | null } | null;

/**
 * The address of the client. `X-Forwarded-For` is used only if the connection comes from a trusted
 * proxy: anyone can send that header. Its last address that is not a trusted proxy is the client.
 * IPv6 clients have whole networks, so only the first 64 bits count.
 *
 * @param trusted addresses and networks such as 10.0.0.0/8
 * @returns null without a connection, as in tests of the app without a server
 */
export function clientAddress(
  request: Request,
  server: AddressSource,
  trusted: readonly string[],
): string | null {
  const peer = server?.requestIP(request)?.address;
  if (peer === undefined) return null;
  const forwarded = request.headers.get("x-forwarded-for")?.split(",") ?? [];
  let address = peer;
  while (forwarded.length > 0 && isTrusted(address, trusted)) {
    const next = forwarded.pop()!.trim();
    if (isIP(next) === 0) break;
    address = next;
  }
  return toNetwork(address);
}

export function isTrusted(address: string, trusted: readonly string[]): boolean {
  const parsed = ipaddr.process(address);
  return trusted.some((entry) => {
    const [network, bits] = entry.includes("/")
      ? ipaddr.parseCIDR(entry)
      : [ipaddr.process(entry), ipaddr.process(entry).kind() === "ipv4" ? 32 : 128];
    return network.kind() === parsed.kind() && parsed.match(network, bits);
  });
}

function toNetwork(address: string): string {
  const parsed = ipaddr.process(address);
  if (parsed.kind() === "ipv4") return parsed.toString();
  return `${parsed.toNormalizedString().split(":").slice(0, 4).join(":")}::/64`;
}
