import { inSpan, type SpanAttributes, type WorkSpan } from "../tracing";
import type { CallUsage } from "./paid-calls";

/** Runs a call to a provider in a span. */
export const inCallSpan = <T>(
  purpose: string,
  service: string,
  model: string | null,
  call: (span: WorkSpan) => T,
): T => {
  const attributes = {
    "gen_ai.operation.name": purpose,
    "gen_ai.provider.name": service,
    ...(model && { "gen_ai.request.model": model }),
  };
  return inSpan(`${purpose} ${service}`, { kind: "client", attributes }, call);
};

/** The billed units as attributes of a span. */
export const usageAttributes = (usage: CallUsage): SpanAttributes =>
  Object.fromEntries(Object.entries(usage).map(([unit, n]) => [`gen_ai.usage.${unit}`, n]));
