import { createHmac, timingSafeEqual } from "node:crypto";

export type ReceivedWebhook = {
  /** The header webhook-id. */
  id: string;
  sequence: number | null;
  type: string;
  course_id: string | null;
  data: Record<string, unknown>;
  headers: Headers;
  body: string;
  /** The status of the response. */
  status: number;
};

/** A consumer on a port of its own: it records every request and answers as `respond` says. */
export function startWebhookConsumer() {
  const received: ReceivedWebhook[] = [];
  const consumer = {
    url: "",
    /** As it stands in `WEBHOOK_ALLOWED_HOSTS`. */
    host: "",
    received,
    /** The requests that were acknowledged. */
    acknowledged: () => received.filter(({ status }) => status >= 200 && status < 300),
    /** 204 unless a test sets something else. */
    respond: (_: ReceivedWebhook): Response | Promise<Response> =>
      new Response(null, { status: 204 }),
    async [Symbol.asyncDispose]() {
      await server.stop(true);
    },
  };
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch: async (request) => {
      const body = await request.text();
      const { id: _, ...message } = JSON.parse(body);
      const { headers } = request;
      const one = { ...message, id: headers.get("webhook-id")!, headers, body, status: 0 };
      received.push(one);
      const response = await consumer.respond(one);
      one.status = response.status;
      return response;
    },
  });
  consumer.host = `127.0.0.1:${server.port}`;
  consumer.url = `http://${consumer.host}/hooks`;
  return consumer;
}

/** Verifies a signature as the documentation of Standard Webhooks describes it, not with our own code. */
export function isSignedBy(secret: string, { headers, body }: ReceivedWebhook): boolean {
  const key = Buffer.from(secret.replace("whsec_", ""), "base64");
  const signed = `${headers.get("webhook-id")}.${headers.get("webhook-timestamp")}.${body}`;
  const expected = createHmac("sha256", key).update(signed).digest();
  return (headers.get("webhook-signature") ?? "")
    .split(" ")
    .map((entry) => entry.split(","))
    .some(([version, signature]) => {
      const given = Buffer.from(signature ?? "", "base64");
      return (
        version === "v1" && given.length === expected.length && timingSafeEqual(given, expected)
      );
    });
}
