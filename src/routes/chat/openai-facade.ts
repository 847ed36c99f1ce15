import { Elysia } from "elysia";
import { z } from "zod";
import {
  type CompletionIdentity,
  collectCompletion,
  toCompletionChunks,
} from "../../chat/openai/completion";
import { readEmbeddingsRequest, toEmbeddingsJson } from "../../chat/openai/embeddings";
import {
  type CompletionRequest,
  readCompletionRequest,
  toCourseId,
} from "../../chat/openai/request";
import { collectResponse, toResponseEvents } from "../../chat/openai/responses";
import { readResponsesRequest } from "../../chat/openai/responses-request";
import type { ChatPart } from "../../chat/parts";
import { NO_CAPABILITIES } from "../../chat/request";
import { type AnswerDeps, answerTurn } from "../../chat/run/answer-turn";
import { type LiveRun, LiveRuns } from "../../chat/run/live-runs";
import { type Course, getCourse, listCourses } from "../../db/courses";
import type { Budgets } from "../../db/jobs/provider-calls";
import { AppError } from "../../errors";
import { observeAnswer } from "../../metrics";
import { embedTexts } from "../../retrieval/embed-texts";
import { credentialEnd, principalOf, requestEnd, requireCourse, viewerOf } from "../http/auth";
import { conversationBody } from "../http/json-body";
import { ownBaseUrl, ownOrigin } from "../http/own-origin";
import { requestId } from "../http/problems";
import {
  EVENT_STREAM,
  JSON_PIECES,
  type SseEvent,
  toStreamingResponse,
} from "../http/streaming-response";
import type { ChatRouteDeps } from "./chat";
import {
  COMPLETION_ANSWER,
  COMPLETION_BODY,
  EMBEDDINGS_ANSWER,
  EMBEDDINGS_BODY,
  RESPONSES_ANSWER,
  RESPONSES_BODY,
} from "./completion-schemas";

const DESCRIPTION = `The agent of \`/api/chat\` for clients of OpenAI's API; the model \`course:<id>\` is a course.

Nothing is stored: each request contains the whole conversation. Messages of the roles \`system\` and
\`developer\` and sampling settings are ignored; \`n\` is 1. \`tool_choice\`, \`stop\` and \`max_tokens\` are
honoured; a \`response_format\` other than text is refused. Content parts of unknown types are left out, and
\`notes\` lists them. Errors have the header \`x-should-retry\`.

Answers cite as \`[n]\`. Each marker with a URL is a \`url_citation\` in the message's \`annotations\`.
\`citations\`, beside \`choices\`, lists all citations with quotes, as \`/api/chat\` does, and \`unsupported\`
lists sentences that their passages do not support. A stream sends all of them in
the chunk that has the \`finish_reason\`, and \`usage\` if \`stream_options.include_usage\` is set. Comments keep
a silent stream alive.

The course's own tools run on the server and are not shown. A call of one of the client's \`tools\` ends the
answer with \`tool_calls\`. A failure during a stream is an event with \`error\`, instead of \`[DONE]\`.`;

const RESPONSES_DESCRIPTION = `The same agent for clients of the responses API, such as the AI SDK's
\`openai("course:…")\`. The rules of \`/v1/chat/completions\` apply.

Nothing is stored: \`previous_response_id\`, \`conversation\` and \`background\` are refused, and references to
stored items are left out. Clients that refer to earlier answers send them in full with \`store: false\`.`;

const EMBEDDINGS_DESCRIPTION = `The texts as vectors of the course's embedding model, for clients of OpenAI's API. They have unit length and
1536 dimensions; shorter vectors of a model are padded with zeros, which does not change a cosine.
\`embedding_model\` is the model: vectors of different models cannot be compared.

A text has at most as many tokens as the model reads, and a request 300 000. A used-up budget refuses the
request with \`budget_exceeded\`. To search the course, use \`/api/retrieval/query\`, which also searches by words.`;

const Model = z.object({
  id: z.string().describe("`course:<id>`"),
  object: z.literal("model"),
  created: z.int().describe("Seconds since 1970"),
  owned_by: z.literal("lectern"),
  name: z.string().describe("The name of the course"),
});
type Model = z.infer<typeof Model>;

/** Courses as models of OpenAI's API. Errors below /v1 have that API's form too (see problems.ts). */
export function openaiFacade(deps: ChatRouteDeps & { callPolicy: { budgets: Budgets } }) {
  const { db, metrics, shutdown } = deps;
  const runs = new LiveRuns(shutdown, new AppError("chat_interrupted"));
  const onEnd: AnswerDeps["onEnd"] = (outcome, summary) => observeAnswer(metrics, outcome, summary);
  const services = { ...deps, runs, onEnd };
  const admit = async (asked: CompletionRequest, { request, server }: Asking) => {
    if (asked.settings.must_call_tool && deps.chatModel.kind !== "model") throw cannotCall();
    requireCourse(request, asked.course_id);
    await getCourse(db, asked.course_id);
    // Heartbeats detect a dead connection; a timeout would also end a silent one.
    server?.timeout(request, 0);
    return asked;
  };

  return new Elysia({ prefix: "/v1", tags: ["Agents"] })
    .post(
      "/chat/completions",
      async ({ body, request, server }) => {
        const asked = await admit(readCompletionRequest(body), { request, server });
        return complete(services, asked, request, completionFormat(asked));
      },
      {
        parse: conversationBody,
        detail: {
          summary: "Ask a course through OpenAI's chat completions API",
          description: DESCRIPTION,
          requestBody: COMPLETION_BODY,
          responses: COMPLETION_ANSWER,
        },
      },
    )
    .post(
      "/responses",
      async ({ body, request, server }) => {
        const asked = await admit(readResponsesRequest(body), { request, server });
        return complete(services, asked, request, RESPONSES_FORMAT);
      },
      {
        parse: conversationBody,
        detail: {
          summary: "Ask a course through OpenAI's responses API",
          description: RESPONSES_DESCRIPTION,
          requestBody: RESPONSES_BODY,
          responses: RESPONSES_ANSWER,
        },
      },
    )
    .post(
      "/embeddings",
      async ({ body, request, server }) => {
        const asked = readEmbeddingsRequest(body);
        const { course_id, texts } = asked;
        requireCourse(request, course_id);
        await getCourse(db, course_id);
        // A long list takes longer than the limit for silent connections.
        server?.timeout(request, 0);
        const { budgets } = deps.callPolicy;
        const embedded = await embedTexts(
          { ...deps, budgets },
          course_id,
          texts,
          requestEnd(request),
        );
        const pieces = toEmbeddingsJson(asked, embedded);
        return toStreamingResponse(pieces, { ...JSON_PIECES, onGone: () => {} });
      },
      {
        parse: conversationBody,
        detail: {
          summary: "Embed texts with the course's model through OpenAI's embeddings API",
          description: EMBEDDINGS_DESCRIPTION,
          requestBody: EMBEDDINGS_BODY,
          responses: EMBEDDINGS_ANSWER,
        },
      },
    )
    .get(
      "/models",
      async ({ request }) => {
        const { course_ids } = principalOf(request);
        return { object: "list" as const, data: await listModels(db, course_ids) };
      },
      {
        response: z.object({ object: z.literal("list"), data: z.array(Model) }),
        detail: { summary: "List the courses as models, newest first" },
      },
    )
    .get(
      "/models/:model",
      async ({ params, request }) => {
        const course_id = toCourseId(params.model);
        requireCourse(request, course_id);
        return toModel(await getCourse(db, course_id));
      },
      {
        response: Model,
        detail: { summary: "Get a course as a model" },
      },
    );
}

type Asking = {
  request: Request;
  server: { timeout(request: Request, seconds: number): void } | null;
};

/** One of OpenAI's two forms of an answer. */
type AnswerFormat = {
  idPrefix: string;
  whole(parts: AsyncIterable<ChatPart[]>, identity: CompletionIdentity): Promise<object>;
  events(
    parts: AsyncIterable<ChatPart[]>,
    identity: CompletionIdentity,
  ): AsyncGenerator<SseEvent[]>;
};

const completionFormat = ({ includeUsage }: CompletionRequest): AnswerFormat => ({
  idPrefix: "chatcmpl-",
  whole: collectCompletion,
  events: (parts, identity) => toCompletionChunks(parts, identity, includeUsage),
});

const RESPONSES_FORMAT: AnswerFormat = {
  idPrefix: "resp_",
  whole: collectResponse,
  events: toResponseEvents,
};

function complete(
  services: AnswerDeps & { runs: LiveRuns; config: ChatRouteDeps["config"] },
  asked: CompletionRequest,
  request: Request,
  format: AnswerFormat,
) {
  const id = `${format.idPrefix}${crypto.randomUUID()}`;
  const origin = ownOrigin(request, services.config);
  const { course_id, model, thread, turn, tools, settings, notes, stream } = asked;
  const created = Math.floor(Date.now() / 1_000);
  const base = ownBaseUrl(request, services.config);
  const identity = { id, created, model, origin: base, stop: settings.stop, notes };
  const client = NO_CAPABILITIES;
  const viewer = viewerOf(request);
  const wanted = { course_id, session_id: id, context: [], tools, settings, client };
  const context = { request: wanted, request_id: requestId(request), thread, viewer, origin };
  // Nothing is saved: the client keeps the conversation.
  const work = answerTurn(services, context, turn, async () => {});
  const run = services.runs.start(id, thread, work);
  if (!stream) return format.whole(followAs(run, requestEnd(request)), identity);

  const gone = new AbortController();
  const onGone = () => gone.abort("the reader left");
  request.signal.addEventListener("abort", onGone, { once: true });
  const signal = AbortSignal.any([gone.signal, credentialEnd(request)]);
  const events = format.events(followAs(run, signal), identity);
  return toStreamingResponse(events, { ...EVENT_STREAM, onGone });
}

/** Extracts are no calls of tools. */
function cannotCall(): AppError {
  const message = "cannot be honoured: this server has no model that calls tools";
  return new AppError("request_invalid", { fields: [{ path: "tool_choice", message }] });
}

/** The parts of a run until the reader leaves; an ended credential is an error of the reader. */
async function* followAs(run: LiveRun, signal: AbortSignal): AsyncGenerator<ChatPart[]> {
  try {
    yield* run.follow(signal);
  } finally {
    run.leave();
  }
  if (signal.reason instanceof AppError) throw signal.reason;
}

async function listModels(db: ChatRouteDeps["db"], course_ids: readonly string[] | null) {
  const models: Model[] = [];
  let cursor: string | null | undefined;
  do {
    const page = await listCourses(db, { limit: 200, ...(cursor && { cursor }) }, course_ids);
    models.push(...page.items.map(toModel));
    cursor = page.next_cursor;
  } while (cursor);
  return models;
}

const toModel = ({ id, name, created_at }: Course): Model => ({
  id: `course:${id}`,
  object: "model",
  owned_by: "lectern",
  name,
  created: Math.floor(Date.parse(created_at) / 1_000),
});
