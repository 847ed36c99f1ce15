import type { AgentCapabilities } from "@ag-ui/core";
import { Elysia } from "elysia";
import { z } from "zod";
import { version } from "../../../package.json";
import { toAgUiEvents } from "../../chat/ag-ui/events";
import { type ChatRequest, readChatRequest } from "../../chat/ag-ui/request";
import { MAX_STEPS } from "../../chat/agent/loop";
import { createCourseTools } from "../../chat/agent/tools";
import type { RunSummary } from "../../chat/parts";
import type { AnswerServices } from "../../chat/run/answer-turn";
import { collectReply } from "../../chat/run/collect-reply";
import { type ChatServices, type Conversation, converse } from "../../chat/run/handle-request";
import { Runs } from "../../chat/run/live-runs";
import { expectedMessageId } from "../../chat/thread/reconcile";
import { openThread } from "../../db/chat/chat";
import { AppError } from "../../errors";
import { type AnswerMetrics, observeAnswer } from "../../metrics";
import { IdempotencyHeaders, once } from "../http/idempotency";
import { jsonBody } from "../http/json-body";
import { ownOrigin } from "../http/own-origin";
import { requestId } from "../http/problems";
import { toEventStream } from "./ag-ui-stream";
import { BODY, CourseQuery, Reply } from "./chat-schemas";
import { chatSessionRoutes } from "./chat-sessions";

/** What answering over HTTP takes, whatever the protocol. */
export type ChatNeeds = Omit<AnswerServices, "onEnd"> & {
  metrics: AnswerMetrics;
  config: { PUBLIC_URL?: string | undefined };
  /** Aborted when the process begins to stop. */
  shutdown: AbortSignal;
};

/** Conversations about a course: asked and answered here, stored, listed and deleted. */
export function chatRoutes(needs: ChatNeeds) {
  const { db, metrics, shutdown } = needs;
  const runs = new Runs(shutdown, new AppError("chat_interrupted"));
  const services = {
    ...needs,
    runs,
    onEnd: (outcome: string, summary: RunSummary) => observeAnswer(metrics, outcome, summary),
  };
  const open = async (
    request: Request,
    given: unknown,
    query: { course_id?: string | undefined },
  ) => openConversation(services, request, readChatRequest(given, query));

  return new Elysia({ prefix: "/api/chat", tags: ["Chat"] })
    .post(
      "/stream",
      async ({ body, query, request, server }) => {
        const conversation = await open(request, body, query);
        // Our heartbeats, not a timeout, tell a silent stream from a dead one.
        server?.timeout(request, 0);
        return stream(services, conversation, request);
      },
      {
        parse: jsonBody,
        query: CourseQuery,
        detail: {
          summary: "Ask, and read the answer as AG-UI events while it is given",
          requestBody: BODY,
          responses: { 200: { description: "AG-UI events", content: { "text/event-stream": {} } } },
        },
      },
    )
    .post(
      "",
      async ({ body, query, request, server }) => {
        const conversation = await open(request, body, query);
        server?.timeout(request, 0);
        const answer = async () => ({
          status: 200,
          body: await reply(services, conversation, request),
        });
        return (await once(db, request, body, answer)).body;
      },
      {
        parse: jsonBody,
        query: CourseQuery,
        headers: IdempotencyHeaders,
        response: Reply,
        detail: { summary: "Ask, and get the whole answer at once", requestBody: BODY },
      },
    )
    .get("/capabilities", () => capabilities(needs), {
      detail: { summary: "What this agent can do, as AG-UI describes it" },
    })
    .use(chatSessionRoutes({ db, runs }));
}

/** Everything that can be refused is refused here, before an answer begins. */
async function openConversation(
  { db, runs, config }: ChatNeeds & ChatServices,
  request: Request,
  asked: ChatRequest,
): Promise<Conversation> {
  const { session_id: id, course_id, thread_id } = asked;
  return {
    request: asked,
    live: runs.find(id),
    request_id: requestId(request),
    thread: await openThread(db, { id, course_id, thread_id }),
    origin: ownOrigin(request, config),
  };
}

function stream(services: ChatServices, conversation: Conversation, request: Request): Response {
  const { request: asked, request_id, thread } = conversation;
  const gone = new AbortController();
  const onGone = () => gone.abort("the reader left");
  request.signal.addEventListener("abort", onGone, { once: true });
  const events = toAgUiEvents(converse(services, conversation, gone.signal), {
    ...asked,
    request_id,
    message_id: expectedMessageId(thread, asked),
    model: services.chatModel.name,
  });
  const { protocolVersion } = asked;
  return toEventStream(events, { accept: request.headers.get("accept"), protocolVersion, onGone });
}

async function reply(services: ChatServices, conversation: Conversation, request: Request) {
  // This answer has no place for a question to the user, so the model is not to ask one.
  const asked = { ...conversation.request, protocolVersion: undefined };
  const { request_id, thread } = conversation;
  const parts = converse(services, { ...conversation, request: asked }, request.signal);
  const { summary, ...said } = await collectReply(parts, thread);
  const run_metadata = { request_id, course_id: asked.course_id, ...summary };
  return { session_id: asked.session_id, ...said, run_metadata } as z.infer<typeof Reply>;
}

function capabilities({ db, embedder, chatModel }: ChatNeeds): AgentCapabilities {
  const tools = createCourseTools({ db, embedder, course_id: "" });
  const writes = chatModel.kind === "model";
  const reads = (type: string) => chatModel.attachments.some((one) => one.startsWith(type));
  return {
    identity: {
      name: "Lectern",
      type: "lectern",
      description: "Answers questions about a course from its lectures and slides, with citations.",
      version,
      provider: chatModel.name,
    },
    transport: { streaming: true, websocket: false, httpBinary: true, resumable: true },
    tools: {
      supported: true,
      items: tools.map(({ name, description, inputSchema }) => ({
        ...{ name, description },
        parameters: z.toJSONSchema(inputSchema, { io: "input" }),
      })),
      parallelCalls: true,
      clientProvided: writes,
    },
    output: { structuredOutput: false, supportedMimeTypes: ["text/markdown"] },
    state: { snapshots: true, deltas: true, memory: true, persistentState: false },
    reasoning: { supported: writes, streaming: writes, encrypted: false },
    multimodal: {
      input: {
        ...{ image: reads("image/"), pdf: reads("application/pdf") },
        ...{ audio: reads("audio/"), video: reads("video/"), file: false },
      },
    },
    execution: { codeExecution: false, maxIterations: MAX_STEPS },
    humanInTheLoop: { supported: writes, interrupts: writes },
  };
}
