import { Elysia } from "elysia";
import type { Metrics } from "../../metrics";

/** A client can send any word as the method. */
const METHODS = new Set(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]);

/** Measures every request by its route pattern, because each id in a path would be a new series. */
export const requestMetrics = ({ requestSeconds }: Pick<Metrics, "requestSeconds">) => {
  const begun = new WeakMap<Request, number>();
  return new Elysia({ name: "request-metrics" })
    .onRequest(({ request }) => {
      begun.set(request, performance.now());
    })
    .onAfterResponse({ as: "global" }, ({ request, route, responseValue, set }) => {
      const since = begun.get(request);
      if (since === undefined) return;
      const status = responseValue instanceof Response ? responseValue.status : (set.status ?? 200);
      const method = METHODS.has(request.method) ? request.method : "other";
      const labels = { method, route: route || "none", status: String(status) };
      requestSeconds.observe(labels, (performance.now() - since) / 1000);
    });
};
