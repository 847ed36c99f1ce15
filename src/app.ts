import { join } from "node:path";
import { type AnyElysia, Elysia } from "elysia";
import { openForecaster } from "./pipelines/forecast";
import { agUiRoutes } from "./routes/ag-ui";
import { auditRoutes } from "./routes/audit";
import { backupRoutes } from "./routes/backups";
import { chatRoutes } from "./routes/chat/chat";
import { mcpRoutes } from "./routes/chat/mcp";
import { openaiFacade } from "./routes/chat/openai-facade";
import { courseSourceRoutes } from "./routes/course-sources";
import { courseRoutes } from "./routes/courses";
import { documentFolderRoutes } from "./routes/documents/document-folder";
import { documentPageRoutes } from "./routes/documents/document-pages";
import { documentVersionRoutes } from "./routes/documents/document-versions";
import { documentRoutes } from "./routes/documents/documents";
import { pageMomentRoutes } from "./routes/documents/page-moments";
import { eventRoutes } from "./routes/events";
import { examRoutes } from "./routes/exam";
import { feedbackRoutes } from "./routes/feedback";
import { auditDenials } from "./routes/http/audit";
import { admittedRoute, guard } from "./routes/http/auth";
import { crossOrigin } from "./routes/http/cross-origin";
import { earlyBytes } from "./routes/http/early-bytes";
import { refuseEncodedBodies } from "./routes/http/encoded-bodies";
import { apiDocs } from "./routes/http/openapi";
import { originGuard } from "./routes/http/own-origin";
import { problems, requestId } from "./routes/http/problems";
import { rateLimits } from "./routes/http/rate-limits";
import { requestMetrics } from "./routes/http/request-metrics";
import { SERVER_LIMITS } from "./routes/http/server-limits";
import { jobRoutes } from "./routes/jobs";
import { keyRoutes } from "./routes/keys";
import { lectureChapterRoutes } from "./routes/lectures/lecture-chapters";
import { lectureIntakeRoutes } from "./routes/lectures/lecture-intake";
import { lectureQualityRoutes } from "./routes/lectures/lecture-quality";
import { lectureSlideRoutes } from "./routes/lectures/lecture-slides";
import { lectureTranscriptRoutes } from "./routes/lectures/lecture-transcript";
import { lectureRoutes } from "./routes/lectures/lectures";
import { retranscribeRoutes } from "./routes/lectures/retranscribe";
import { transcriptCorrectionRoutes } from "./routes/lectures/transcript-corrections";
import { observability } from "./routes/observability";
import { questionGroupRoutes } from "./routes/question-groups";
import { retentionRoutes } from "./routes/retention";
import { retrievalRoutes } from "./routes/retrieval";
import { shareLinkRoutes } from "./routes/share-links";
import { signedUrlRoutes } from "./routes/signed-urls";
import { userRoutes } from "./routes/users";
import { webhookRoutes } from "./routes/webhooks";
import type { Services } from "./services";
import { inSpan, isTraced } from "./tracing";
import { runInContext } from "./work-context";

/** The page that a problem's `type` links to. */
const ERRORS_PAGE = Bun.file(join(import.meta.dir, "../docs/errors.md"));
const MARKDOWN = { headers: { "content-type": "text/markdown; charset=utf-8" } };

/** All routes. It does not listen or read the environment, so tests can call it directly. */
export function createApp(services: Services) {
  const maxUploadBytes = services.config.MAX_UPLOAD_MB * 1_000_000;
  const methodsAt = (path: string): string[] => {
    const routes = app.routes.filter((route) => matches(route.path, path));
    // A fixed path such as /api/documents/upload wins over /api/documents/:id.
    const exact = routes.filter((route) => !/[:*]/.test(route.path));
    const methods = (exact.length > 0 ? exact : routes).map(({ method }) => method);
    // Elysia also answers HEAD for each GET route.
    const answered = methods.flatMap((method) => (method === "GET" ? ["GET", "HEAD"] : [method]));
    return [...new Set(answered)].filter((method) => method !== "OPTIONS");
  };
  const { budgets } = services.callPolicy;
  const maxPages = services.config.MAX_PAGES;
  const forecaster = openForecaster({
    ...services,
    sendsTerms: services.config.TRANSCRIPTION_TERMS,
    budgets,
    maxPages,
  });
  const limits = rateLimits(services.config);
  const app: AnyElysia = new Elysia({
    serve: SERVER_LIMITS,
  })
    .wrap(inRequestContext)
    .use(requestMetrics(services.metrics))
    .use(limits.countFailures)
    .use(auditDenials(services))
    .use(problems(services.log, methodsAt))
    .use(originGuard(services.config))
    .use(crossOrigin(services.config.CORS_ORIGINS))
    .use(earlyBytes())
    .use(refuseEncodedBodies)
    .use(limits.beforeGuard)
    .use(guard(services))
    .use(limits.afterGuard)
    .use(apiDocs())
    .use(observability(services))
    .use(keyRoutes(services))
    .use(shareLinkRoutes(services))
    .use(userRoutes(services))
    .use(auditRoutes(services))
    .use(backupRoutes(services))
    .use(retentionRoutes(services))
    .use(webhookRoutes(services))
    .use(courseRoutes(services))
    .use(courseSourceRoutes({ ...services, forecaster }))
    .use(lectureIntakeRoutes({ ...services, maxUploadBytes, forecaster }))
    .use(lectureRoutes({ ...services, audioRetentionDays: services.config.SOUND_RETENTION_DAYS }))
    .use(lectureTranscriptRoutes(services))
    .use(lectureSlideRoutes(services))
    .use(lectureChapterRoutes(services))
    .use(lectureQualityRoutes(services))
    .use(
      retranscribeRoutes({
        ...services,
        captions: services.config.CAPTIONS,
        maxUploadBytes,
        forecaster,
      }),
    )
    .use(transcriptCorrectionRoutes(services))
    .use(documentRoutes({ ...services, maxUploadBytes, forecaster }))
    .use(documentVersionRoutes({ ...services, maxUploadBytes }))
    .use(
      documentFolderRoutes({
        ...services,
        maxUploadBytes,
        maxFolderFiles: services.config.MAX_FOLDER_FILES,
        maxFolderBytes: services.config.MAX_FOLDER_MB * 1_000_000,
      }),
    )
    .use(eventRoutes(services))
    .use(jobRoutes(services))
    .use(documentPageRoutes({ ...services, maxPages: services.config.MAX_PAGES }))
    .use(pageMomentRoutes(services))
    .use(signedUrlRoutes(services))
    .use(retrievalRoutes(services))
    .use(chatRoutes(services))
    .use(feedbackRoutes(services))
    .use(examRoutes(services))
    .use(questionGroupRoutes(services))
    .use(openaiFacade(services))
    .use(mcpRoutes(services))
    .use(agUiRoutes(services))
    .get("/docs/errors", () => new Response(ERRORS_PAGE, MARKDOWN), { detail: { hide: true } })
    .get("/", () => new Response(null, { status: 302, headers: { location: "ag-ui/" } }), {
      detail: { hide: true },
    });
  return app;
}

/** Monitors ask every few seconds; a trace of each would hide the others. */
const isProbe = ({ url }: Request) => /^\w+:\/\/[^/]+\/(?:metrics|api\/health)\b/.test(url);

/** Runs each request in a context with its id, for log lines and for the jobs that it creates. */
const inRequestContext =
  (handle: (request: Request, ...rest: unknown[]) => unknown) =>
  (request: Request, ...rest: unknown[]) => {
    const request_id = requestId(request);
    const parent = request.headers.get("traceparent");
    const attributes = { "http.request.method": request.method, "lectern.request_id": request_id };
    if (isProbe(request)) return runInContext({ request_id }, () => handle(request, ...rest));
    return runInContext({ request_id }, () =>
      inSpan(request.method, { kind: "server", parent, attributes }, (span) => {
        const handled = handle(request, ...rest);
        if (!isTraced()) return handled;
        return Promise.resolve(handled).then((response) => {
          const route = admittedRoute(request);
          if (route) {
            span.rename(route);
            span.set({ "http.route": route.replace(/^\S+ /, "") });
          }
          if (response instanceof Response) {
            span.set({ "http.response.status_code": response.status });
          }
          return response;
        });
      }),
    );
  };

/** `/api/courses/:id` matches `/api/courses/1`; a trailing `*` matches the rest. */
function matches(pattern: string, path: string): boolean {
  const wanted = pattern.split("/");
  const given = path.replace(/\/$/, "").split("/");
  const open = wanted.at(-1) === "*";
  if (open ? given.length < wanted.length : given.length !== wanted.length) return false;
  return wanted.every((part, i) => part === "*" || part.startsWith(":") || part === given[i]);
}
