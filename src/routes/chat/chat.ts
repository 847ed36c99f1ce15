import type { AgentCapabilities } from "@ag-ui/core";
import { Elysia } from "elysia";
import { z } from "zod";
import { version } from "../../../package.json";
import { toAgUiEvents } from "../../chat/ag-ui/events";
import {
  type AgUiRequest,
  findThreadOfUnnamedCourse,
  readChatRequest,
} from "../../chat/ag-ui/request";
import { MAX_STEPS } from "../../chat/agent/loop";
import { createCourseTools } from "../../chat/agent/tools";
import type { RunSummary } from "../../chat/parts";
import { type AnswerDeps, answerTurn } from "../../chat/run/answer-turn";
import { collectReply } from "../../chat/run/collect-reply";
import {
  handleRunRequest,
  type RequestDeps,
  type ThreadRequest,
} from "../../chat/run/handle-request";
import { LiveRuns, type RunWork } from "../../chat/run/live-runs";
import { isUnanswered } from "../../chat/run/unanswered";
import { type Reconciled, reconcile, reconcileFirst } from "../../chat/thread/reconcile";
import type { AuditWriter } from "../../db/access/audit-writer";
import { addToThread, listMessages, recordDelivery, showMessages } from "../../db/chat/chat";
import { findCoursesOfThread } from "../../db/chat/chat-sessions";
import { openThreadBatches, type ThreadBatches } from "../../db/chat/thread-batches";
import { throughOutages } from "../../db/outage";
import { queueUnansweredQuestion } from "../../db/webhooks/messages";
import { AppError } from "../../errors";
import { type AnswerMetrics, observeAnswer } from "../../metrics";
import { ownConversations, SEES_ALL, type Viewer } from "../../principal";
import { withAbsoluteUrls } from "../../text/absolute-urls";
import {
  credentialEnd,
  principalOf,
  type QuestionSettings,
  requestEnd,
  requireCourse,
  viewerOf,
} from "../http/auth";
import { IdempotencyHeaders, once } from "../http/idempotency";
import { conversationBody } from "../http/json-body";
import { ownBaseUrl, ownOrigin } from "../http/own-origin";
import { requestId } from "../http/problems";
import { toAgUiResponse } from "./ag-ui-stream";
import { AG_UI_STREAM, BODY, CAPABILITIES, CourseQuery, Reply } from "./chat-schemas";
import { chatSessionRoutes } from "./chat-sessions";

/** The dependencies of the chat endpoints of all protocols. */
export type ChatRouteDeps = Omit<AnswerDeps, "onEnd"> & {
  metrics: AnswerMetrics;
  audit: AuditWriter;
  config: { PUBLIC_URL?: string | undefined } & QuestionSettings;
  /** Aborted when the process begins to stop. */
  shutdown: AbortSignal;
  /** The process waits for the promise before it closes the database. */
  beforeClose?: ((work: Promise<void>) => void) | undefined;
};

/** Questions about a course and their answers; stored conversations. */
export function chatRoutes(deps: ChatRouteDeps) {
  const { db, shutdown, beforeClose } = deps;
  const runs = new LiveRuns(shutdown, new AppError("chat_interrupted"), beforeClose);
  const described = capabilities(deps);
  const threads = openThreadBatches(db);
  const storing = { ...deps, runs, threads };
  const depsFor = (viewer: Viewer) => toRequestDeps(storing, viewer);
  const read = async (request: Request, body: unknown, query: NamedCourse) => {
    const course = await findThreadCourse(db, request, body, query);
    return readChatRequest(body, course ?? query, principalOf(request).user_id);
  };

  return new Elysia({ prefix: "/api/chat", tags: ["Chat"] })
    .post(
      "/stream",
      async ({ body, query, request, server }) => {
        const asked = await read(request, body, query);
        const conversation = await openConversation(storing, request, {
          asked,
          first: reconcileFirst(asked),
        });
        // Heartbeats detect a dead connection; a timeout would also end a silent one.
        server?.timeout(request, 0);
        return stream(depsFor(conversation.viewer), conversation, request, deps.config);
      },
      {
        parse: conversationBody,
        query: CourseQuery,
        detail: {
          summary: "Ask, and stream the answer as AG-UI events",
          requestBody: BODY,
          responses: AG_UI_STREAM,
        },
      },
    )
    .post(
      "",
      async ({ body, query, request, server }) => {
        const asked = await read(request, body, query);
        // A repeated request must not store its question, so the question is stored later.
        const conversation = await openConversation(storing, request, { asked });
        server?.timeout(request, 0);
        const { viewer } = conversation;
        const answer = async () => ({
          status: 200,
          session_id: asked.session_id,
          body: withAbsoluteUrls(
            await reply(depsFor(viewer), conversation, request),
            ownBaseUrl(request, deps.config),
          ),
        });
        const answered = await once(db, request, body, answer);
        return answered.isRepeated ? showReply(db, viewer, answered.body) : answered.body;
      },
      {
        parse: conversationBody,
        query: CourseQuery,
        headers: IdempotencyHeaders,
        response: Reply,
        detail: { summary: "Ask, and get the whole answer as one JSON object", requestBody: BODY },
      },
    )
    .get("/capabilities", () => described, {
      detail: {
        summary: "Get the agent's capabilities, in AG-UI's form",
        responses: CAPABILITIES,
      },
    })
    .use(chatSessionRoutes({ db, runs, audit: deps.audit, config: deps.config }));
}

/** The dependencies of the routes that store conversations. */
type ConversationDeps = ChatRouteDeps & { runs: LiveRuns; threads: ThreadBatches };

/**
 * An answer is paid for, so its end waits for a restart of the database. Each attempt at a silent database takes 30 s.
 */
const SAVE_PATIENCE_MS = 60_000;

function toRequestDeps(deps: ConversationDeps, viewer: Viewer): RequestDeps {
  const { db, chatModel, log, metrics, runs, threads } = deps;
  const onEnd = (outcome: string, summary: RunSummary) => observeAnswer(metrics, outcome, summary);
  return {
    runs,
    reconcile,
    store: {
      list: (session_id) => listMessages(db, session_id, viewer),
      add: (session_id, content) => addToThread(db, session_id, content),
      recordDelivery: (session_id, turn_id, isDelivered) =>
        recordDelivery(db, session_id, turn_id, isDelivered),
      saveAnswer: async (session_id, answer) => {
        const save = () => threads.saveAnswer({ session_id, ...answer });
        await throughOutages(save, runs.shutdown, SAVE_PATIENCE_MS);
        if (isUnanswered(answer.steps))
          await queueUnansweredQuestion(db, session_id, answer.turn_id);
      },
    },
    answerTurn: (context, turn, save) =>
      afterStatements(answerTurn({ ...deps, onEnd }, context, turn, save), context.begun),
    modelName: chatModel.name,
    log,
  };
}

/**
 * Work that begins after the statements of this turn of the event loop are sent. postgres.js sends them at the
 * end of the turn, so the database stores the question while the request to the model is made.
 *
 * @param begun the question is stored already, so there is no statement to wait for
 */
const afterStatements =
  (work: RunWork, begun: unknown): RunWork =>
  async (emit, signal) => {
    if (!begun) await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
    await work(emit, signal);
  };

type NamedCourse = { course_id?: string | undefined };

/**
 * The course of an existing thread, for a request that names no course; undefined for other requests.
 *
 * @throws AppError `request_invalid` if threads of several courses have this name
 */
async function findThreadCourse(
  db: ChatRouteDeps["db"],
  request: Request,
  body: unknown,
  query: NamedCourse,
): Promise<NamedCourse | undefined> {
  const thread = findThreadOfUnnamedCourse(body, query);
  if (!thread) return undefined;
  const principal = principalOf(request);
  const { course_ids } = principal;
  const found = await findCoursesOfThread(db, thread, {
    owner: ownConversations(principal),
    course_ids,
  });
  if (found.length > 1) {
    const message = "required, because threads of several courses have this name";
    throw new AppError("request_invalid", { fields: [{ path: "course_id", message }] });
  }
  return { course_id: found[0] };
}

type AgUiThreadRequest = ThreadRequest & { request: AgUiRequest };

type OpeningRequest = {
  asked: AgUiRequest;
  /** The request as the first of its thread, to store it if the thread is new. */
  first?: Reconciled | undefined;
};

/**
 * Opens the thread of a request. Rejects every invalid request here, before its stream begins.
 *
 * @throws AppError `course_not_found` or `session_not_found`
 */
async function openConversation(
  { threads, config, runs }: ConversationDeps,
  request: Request,
  { asked, first }: OpeningRequest,
): Promise<AgUiThreadRequest> {
  const { session_id: id, course_id, thread_id } = asked;
  requireCourse(request, course_id);
  const principal = principalOf(request);
  const viewer = viewerOf(request);
  const owner = ownConversations(principal);
  const name = { id, course_id, thread_id, viewer, owner, user_id: principal.user_id };
  const live = runs.find(id);
  const beginning = first && { messages: first.added.messages, run_id: asked.run_id };
  const { messages, isBegun } = await threads.openThread(name, beginning);
  return {
    request: asked,
    live,
    request_id: requestId(request),
    thread: messages,
    begun: isBegun ? first : undefined,
    viewer,
    origin: ownOrigin(request, config),
  };
}

function stream(
  deps: RequestDeps,
  conversation: AgUiThreadRequest,
  request: Request,
  config: ChatRouteDeps["config"],
): Promise<Response> {
  const { request: asked, request_id } = conversation;
  const gone = new AbortController();
  const onGone = () => gone.abort("the reader left");
  request.signal.addEventListener("abort", onGone, { once: true });
  const signal = AbortSignal.any([gone.signal, credentialEnd(request)]);
  const parts = handleRunRequest(deps, conversation, signal);
  const events = toAgUiEvents(parts, { ...asked, request_id, model: deps.modelName });
  const { client } = asked;
  const accept = request.headers.get("accept");
  const baseUrl = ownBaseUrl(request, config);
  return toAgUiResponse(events, { accept, baseUrl, client, onGone });
}

async function reply(deps: RequestDeps, conversation: AgUiThreadRequest, request: Request) {
  // A reply as one JSON object has no field for a question to the user.
  const client = { ...conversation.request.client, interrupts: false };
  const asked = { ...conversation.request, client };
  const { request_id, thread } = conversation;
  const signal = requestEnd(request);
  const parts = handleRunRequest(deps, { ...conversation, request: asked }, signal);
  const { summary, ...answer } = await collectReply(parts, thread);
  const run_metadata = { request_id, course_id: asked.course_id, ...summary };
  return { session_id: asked.session_id, ...answer, run_metadata } as z.infer<typeof Reply>;
}

/** A stored reply as its viewer sees it now: some of its material can be hidden or replaced since then. */
async function showReply(
  db: ChatRouteDeps["db"],
  viewer: Viewer,
  { citations, ...reply }: z.infer<typeof Reply>,
): Promise<z.infer<typeof Reply>> {
  const [shown] = await showMessages(db, viewer, [{ metadata: { citations } }]);
  return { ...reply, citations: shown!.metadata.citations };
}

function capabilities({ db, embedder, chatModel }: ChatRouteDeps): AgentCapabilities {
  const tools = createCourseTools({ db, embedder, course_id: "", viewer: SEES_ALL });
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
        name,
        description,
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
        image: reads("image/"),
        pdf: reads("application/pdf"),
        audio: reads("audio/"),
        video: reads("video/"),
        file: false,
      },
    },
    execution: { codeExecution: false, maxIterations: MAX_STEPS },
    humanInTheLoop: { supported: writes, interrupts: writes },
  };
}
