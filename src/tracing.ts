import type { Context, Span, SpanKind, Tracer } from "@opentelemetry/api";
import type { SpanExporter } from "@opentelemetry/sdk-trace";
import { AppError } from "./errors";
import type { Log } from "./log";
import { runInContext, workContext } from "./work-context";

/** Set while traces are sent. OpenTelemetry is loaded only then. */
let backend: { api: typeof import("@opentelemetry/api"); tracer: Tracer } | null = null;

export type SpanAttributes = Record<string, string | number | boolean>;

/** The span of the current work. Without tracing its methods do nothing. */
export type WorkSpan = {
  rename(name: string): void;
  set(attributes: SpanAttributes): void;
};

export type SpanOptions = {
  /** `server`: answers a request; `consumer`: runs a job; `client`: waits for another system. */
  kind?: "internal" | "server" | "client" | "consumer";
  /** Ids, names and numbers. Never texts of users or materials. */
  attributes?: SpanAttributes;
  /** The span of another process, as `traceparent`; used outside of spans of this process. */
  parent?: string | null | undefined;
};

/** Runs work within a span; without tracing it only runs the work. An error is recorded by its code. */
export function inSpan<T>(name: string, options: SpanOptions, work: (span: WorkSpan) => T): T {
  if (!backend) return work(NO_SPAN);
  const { api, tracer } = backend;
  const { kind = "internal", attributes = {}, parent } = options;
  const context = workContext();
  const above = toContext(context.span, parent);
  const span = tracer.startSpan(name, { kind: KINDS[kind], attributes }, above);
  const handle: WorkSpan = {
    rename: (changed) => span.updateName(changed),
    set: (more) => span.setAttributes(more),
  };
  const fail = (error: unknown) => {
    span.setStatus({ code: api.SpanStatusCode.ERROR });
    span.setAttribute("error.type", typeOf(error));
    span.end();
    throw error;
  };
  let result: T;
  try {
    result = runInContext({ ...context, span }, () => work(handle));
  } catch (error) {
    return fail(error);
  }
  if (result instanceof Promise) {
    const settled = result.then((value: unknown) => {
      span.end();
      return value;
    }, fail);
    return settled as T;
  }
  span.end();
  return result;
}

/** Whether the current work is in a span, so that the details of its parts are recorded. */
export const isTraced = (): boolean => backend !== null && workContext().span !== undefined;

/** The current span in the form of W3C Trace Context, for other processes; null without one. */
export function currentTraceparent(): string | null {
  const { span } = workContext();
  if (!span) return null;
  const { traceId, spanId, traceFlags } = span.spanContext();
  return `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, "0")}`;
}

const NO_SPAN: WorkSpan = { rename: () => {}, set: () => {} };

/** The numbers of OpenTelemetry's enum, whose module is loaded only with tracing. */
const KINDS: Record<NonNullable<SpanOptions["kind"]>, SpanKind> = {
  internal: 0,
  server: 1,
  client: 2,
  consumer: 4,
};

const typeOf = (error: unknown) =>
  error instanceof AppError ? error.errorCode : error instanceof Error ? error.name : "unknown";

function toContext(span: Span | undefined, traceparent: string | null | undefined): Context {
  const { api } = backend!;
  if (span) return api.trace.setSpan(api.ROOT_CONTEXT, span);
  const [, traceId, spanId, flags] =
    /^00-([\da-f]{32})-([\da-f]{16})-([\da-f]{2})$/.exec(traceparent ?? "") ?? [];
  if (traceId === undefined || spanId === undefined) return api.ROOT_CONTEXT;
  const remote = { traceId, spanId, traceFlags: Number.parseInt(flags!, 16), isRemote: true };
  if (!api.isSpanContextValid(remote)) return api.ROOT_CONTEXT;
  return api.trace.setSpanContext(api.ROOT_CONTEXT, remote);
}

export type TracingSettings = {
  /** The address of an OTLP/HTTP collector, without `/v1/traces`. */
  endpoint: string;
  headers: Record<string, string>;
  /** The share of new traces that are recorded, 0 to 1. */
  share: number;
  /** Attributes of this process and thread, such as `service.name`. */
  resource: SpanAttributes;
  /** The longest time that a span waits to be sent. */
  sendEveryMs?: number;
};

const SEND_EVERY_MS = 5_000;
/** A failing collector is logged at most this often. */
const WARN_EVERY_MS = 60_000;
/** At shutdown the last spans get this long. */
const CLOSE_MS = 2_000;

/**
 * Loads OpenTelemetry and sends the spans of this thread to a collector until the returned function is called.
 * Spans that cannot be sent are dropped; the work does not wait for the collector.
 */
export async function startTracing(
  { endpoint, headers, share, resource, sendEveryMs = SEND_EVERY_MS }: TracingSettings,
  log: Pick<Log, "warn">,
): Promise<() => Promise<void>> {
  const [api, sdk, { OTLPTraceExporter }, { resourceFromAttributes }] = await Promise.all([
    import("@opentelemetry/api"),
    import("@opentelemetry/sdk-trace"),
    import("@opentelemetry/exporter-trace-otlp-http"),
    import("@opentelemetry/resources"),
  ]);
  const url = `${endpoint.replace(/\/+$/, "")}/v1/traces`;
  const exporter = new OTLPTraceExporter({ url, headers });
  let warnedAt = Number.NEGATIVE_INFINITY;
  const warn = (err: Error) => {
    if (performance.now() - warnedAt < WARN_EVERY_MS) return;
    warnedAt = performance.now();
    log.warn({ endpoint, err }, "traces were not sent");
  };
  const watched: SpanExporter = {
    export: (spans, onResult) =>
      exporter.export(spans, (result) => {
        if (result.error) warn(result.error);
        onResult(result);
      }),
    shutdown: () => exporter.shutdown(),
  };
  const provider = new sdk.TracerProvider({
    resource: resourceFromAttributes(resource),
    sampler: new sdk.ParentBasedSampler({ root: new sdk.TraceIdRatioBasedSampler(share) }),
    spanProcessors: [
      new sdk.BatchSpanProcessor({ exporter: watched, scheduledDelayMillis: sendEveryMs }),
    ],
  });
  const started = { api, tracer: provider.getTracer("lectern") };
  backend = started;
  return async () => {
    if (backend === started) backend = null;
    const closed = provider.shutdown().catch(() => {});
    await Promise.race([closed, Bun.sleep(CLOSE_MS)]);
  };
}
