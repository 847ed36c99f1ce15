import { AppError } from "../../errors";
import { isPublicAddress, literalAddress, parsePlainAddress } from "./addresses";
import { openHostRules } from "./host-rules";

/**
 * Checks an address that is stored now and fetched later, without a request: https and a public host, or a
 * host of the allow-list. The guarded fetch checks it again, with the addresses behind the name.
 *
 * @throws AppError `request_invalid`, with the name of the field
 */
export function assertPublicUrl(address: string, allowedHosts: string[], field: string): void {
  const invalid = (message: string) =>
    new AppError("request_invalid", { fields: [{ path: field, message }] });
  const url = URL.parse(address);
  if (!url || !/^https?:$/.test(url.protocol))
    throw invalid("must be an address that begins with https://");
  if (url.username || url.password) throw invalid("must not contain a name or password");
  if (!parsePlainAddress(address)) {
    throw invalid("must not contain spaces or backslashes, or a dot after its host");
  }
  const listing = openHostRules(allowedHosts)(url);
  if (listing === "private") return;
  if (url.protocol !== "https:") throw invalid("must begin with https://");
  if (url.port !== "") throw invalid("must use the usual https port 443");
  const literal = literalAddress(url.hostname);
  const isLocal = literal ? !isPublicAddress(literal) : /(^|\.)localhost$/.test(url.hostname);
  if (isLocal) throw invalid("must be a public address");
}
