import { type AnyElysia, Elysia } from "elysia";
import { auditDenials } from "./routes/http/audit";
import { guard } from "./routes/http/auth";
import { originGuard } from "./routes/http/own-origin";
import { problems } from "./routes/http/problems";
import { rateLimits } from "./routes/http/rate-limits";
import { requestMetrics } from "./routes/http/request-metrics";
import { SERVER_LIMITS } from "./routes/http/server-limits";
import { observability } from "./routes/observability";
import type { Services } from "./services";

/**
 * Health and metrics of a process that only runs workers, behind the same guard as the API. It has a file of its own,
 * because such a process does not load the routes of the API: a third of the CPU time of its modules, and 19 MB.
 */
export function createWorkerApp(services: Services): AnyElysia {
  const limits = rateLimits(services.config);
  return new Elysia({ serve: SERVER_LIMITS })
    .use(requestMetrics(services.metrics))
    .use(limits.countFailures)
    .use(auditDenials(services))
    .use(problems(services.log, () => []))
    .use(originGuard(services.config))
    .use(limits.beforeGuard)
    .use(guard(services))
    .use(limits.afterGuard)
    .use(observability(services));
}
