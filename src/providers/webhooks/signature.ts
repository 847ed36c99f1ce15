import { createHmac, randomBytes } from "node:crypto";

const PREFIX = "whsec_";

/** A new secret of an endpoint, in the form of Standard Webhooks: 32 random bytes in base64. */
export const createWebhookSecret = (): string => PREFIX + randomBytes(32).toString("base64");

/** The parts of a message that its signature covers. */
export type SignedWebhook = {
  id: string;
  /** Of this attempt, so that a consumer can refuse a message that was recorded and sent again. */
  timestamp: Date;
  body: string;
};

/**
 * The headers of Standard Webhooks: id, timestamp in seconds, and for each secret one HMAC-SHA256 over
 * both and the body.
 */
export function toWebhookHeaders(
  { id, timestamp, body }: SignedWebhook,
  secrets: readonly string[],
): Record<string, string> {
  const seconds = Math.floor(timestamp.getTime() / 1_000);
  const sign = (secret: string) =>
    createHmac("sha256", Buffer.from(secret.slice(PREFIX.length), "base64"))
      .update(`${id}.${seconds}.${body}`)
      .digest("base64");
  return {
    "webhook-id": id,
    "webhook-timestamp": String(seconds),
    "webhook-signature": secrets.map((secret) => `v1,${sign(secret)}`).join(" "),
  };
}
