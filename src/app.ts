import { Elysia } from "elysia";
import { agUiRoutes } from "./routes/ag-ui";
import { chatRoutes } from "./routes/chat";
import { courseRoutes } from "./routes/courses";
import { documentRoutes } from "./routes/documents";
import { healthRoutes } from "./routes/health";
import { apiDocs } from "./routes/openapi";
import { methodNotAllowed, problems } from "./routes/problems";
import { retrievalRoutes } from "./routes/retrieval";
import type { Services } from "./services";

/** Room beside an upload's file for its form, so that our own limit answers before the server's. */
const ENVELOPE_BYTES = 2 * 1024 * 1024;

/** The whole HTTP surface. It neither listens nor reads the environment, so tests can hold it. */
export function createApp(services: Services) {
  const maxUploadBytes = services.config.MAX_UPLOAD_MB * 1_000_000;
  const app = new Elysia({
    // 30 s for clients that trickle; streams ask for no limit of their own.
    serve: { maxRequestBodySize: maxUploadBytes + ENVELOPE_BYTES, idleTimeout: 30 },
  })
    .use(problems(services.log))
    .use(apiDocs())
    .use(healthRoutes(services))
    .use(courseRoutes(services))
    .use(documentRoutes({ ...services, maxUploadBytes }))
    .use(retrievalRoutes(services))
    .use(chatRoutes(services))
    .use(agUiRoutes(services))
    .get("/", ({ redirect }) => redirect("/ag-ui"), { detail: { hide: true } });
  return methodNotAllowed(app);
}
