export type ReceivedSpan = {
  name: string;
  trace: string;
  id: string;
  parent: string | undefined;
  /** OpenTelemetry's numbers: 2 server, 3 client, 5 consumer. */
  kind: number;
  /** 2: an error. */
  status: number;
  attributes: Record<string, unknown>;
  resource: Record<string, unknown>;
};

type Attribute = { key: string; value: Record<string, unknown> };

/** A collector that receives traces as OTLP/HTTP in JSON. */
export function startCollector(status = 200) {
  const spans: ReceivedSpan[] = [];
  const bodies: string[] = [];
  const headers: Headers[] = [];
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    async fetch(request) {
      if (new URL(request.url).pathname !== "/v1/traces")
        return new Response(null, { status: 404 });
      const body = await request.text();
      bodies.push(body);
      headers.push(request.headers);
      for (const { resource, scopeSpans } of JSON.parse(body).resourceSpans) {
        for (const span of scopeSpans.flatMap((scope: { spans: unknown[] }) => scope.spans)) {
          spans.push({
            name: span.name,
            trace: span.traceId,
            id: span.spanId,
            parent: span.parentSpanId || undefined,
            kind: span.kind,
            status: span.status.code,
            attributes: toObject(span.attributes),
            resource: toObject(resource.attributes),
          });
        }
      }
      return Response.json({}, { status });
    },
  });
  return {
    url: `http://127.0.0.1:${server.port}`,
    spans,
    bodies,
    headers,
    close: () => server.stop(true),
  };
}

const toObject = (attributes: Attribute[]) =>
  Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]));
