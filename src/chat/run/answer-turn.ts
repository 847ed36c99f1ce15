import type { ChatMessage, NewAnswer } from "../../db/chat/chat";
import type { Sql } from "../../db/client";
import { toModelName } from "../../db/jobs/provider-calls";
import { AppError } from "../../errors";
import type { Log } from "../../log";
import type { Viewer } from "../../principal";
import type { ChatModel } from "../../providers/chat/chat-model";
import type { Embedder } from "../../providers/embedder";
import { openExtractiveAnswerer } from "../../providers/local/extractive-answerer";
import type { Reranker } from "../../providers/reranker";
import type { QuestionReceipts } from "../../retrieval/question-calls";
import type { Citation } from "../../retrieval/search";
import { asAppError } from "../../storage/failure";
import { CitedPassages } from "../agent/cited-passages";
import { type AgentTask, type EmitAgentPart, runAgent } from "../agent/loop";
import { readPassagesAt, splitPosition, type ViewPosition } from "../agent/position";
import { toInstructions, toPrompt, toUnreadNotice } from "../agent/prompt";
import { searchUncovered, toPlainQuestion } from "../agent/refuse-uncovered";
import { SourceResolver } from "../agent/show-source";
import { suggestQuestions } from "../agent/suggest-questions";
import { type CourseScope, createCourseTools, type ServerTool } from "../agent/tools";
import { addUsage } from "../agent/usage";
import { locateCitations } from "../citations/locate";
import type { AgentPart, RunSummary, TokenUsage } from "../parts";
import type { ChatRequest, ClientTool } from "../request";
import type { IsAllowedUrl } from "../sanitize/rule";
import { ASK_USER, pendingInterrupts } from "../thread/interrupts";
import { stepId, type Turn } from "../thread/turn";
import type { RunWork } from "./live-runs";

export type AnswerDeps = {
  db: Sql;
  embedder: Embedder;
  reranker?: Reranker | null;
  /** Null: the cost of answers and searches is not recorded. */
  receipts?: QuestionReceipts;
  chatModel: ChatModel;
  log: Log;
  /** Called after every answer, for the metrics. */
  onEnd: OnAnswerEnd;
};

type OnAnswerEnd = (outcome: RunOutcome["type"], summary: RunSummary) => void;

/** The request and thread of one turn. */
export type TurnContext = {
  request: Pick<
    ChatRequest,
    "course_id" | "session_id" | "context" | "sharedState" | "tools" | "client" | "settings"
  >;
  request_id: string;
  thread: ChatMessage[];
  /** The viewer of the course; the answer uses only what this viewer can see. */
  viewer: Viewer;
  /** Our own address. Answers can link only to it and to the hosts of cited assets. */
  origin: string;
};

/** Stores the steps of an answer, complete or not. */
export type SaveAnswer = (steps: NewAnswer[]) => Promise<void>;

/** The work of answering one turn with the configured model. */
export function answerTurn(
  deps: AnswerDeps,
  context: TurnContext,
  turn: Turn,
  save: SaveAnswer,
): RunWork {
  const { chatModel, log, onEnd } = deps;
  const { request, request_id, thread } = context;
  const passages = new CitedPassages(thread, turn.id);
  const work = async (emit: EmitAgentPart, signal: AbortSignal) => {
    const { position, others } = splitPosition(request.context);
    const course = toCourseScope(deps, context);
    const here = position ? await presentHere(course, position, passages, emit) : [];
    const { sharedState } = request;
    const instructions = toInstructions(others, { sharedState, here });
    const prompt = await toPrompt(thread, instructions, chatModel);
    const notice = await findNotice(thread, turn, chatModel);
    const task = { ...toTask(deps, context, turn, passages), prompt, here, notice, signal };
    const uncovered = await findUncovered(deps, context, task.tools, signal);
    await runAgent(uncovered ? { ...task, ...uncovered } : task, emit);
  };
  return toRunWork(
    {
      request_id,
      session_id: request.session_id,
      modelName: chatModel.name,
      passages,
      suggest: (found) => suggestQuestions(questionsIn(thread), found),
      log,
      onEnd: (outcome, summary) => {
        onEnd(outcome, summary);
        recordCost(deps, request.course_id, request_id, outcome, summary);
      },
    },
    work,
    save,
  );
}

/**
 * If the course does not cover the first question of a thread, returns the answerer without a model and
 * the completed searches, so that no answer is bought.
 */
async function findUncovered(
  { embedder, reranker, chatModel }: AnswerDeps,
  { request, thread }: TurnContext,
  tools: ServerTool[],
  signal: AbortSignal,
): Promise<Pick<AgentTask, "chatModel" | "tools" | "clientTools"> | null> {
  const minScore = reranker?.minScore;
  if (minScore === undefined || chatModel.kind !== "model") return null;
  if (request.tools.length > 0 || request.context.length > 0 || request.sharedState) return null;
  const query = toPlainQuestion(thread);
  if (query === null) return null;
  const searches = await searchUncovered(tools, { query, minScore }, signal);
  if (!searches) return null;
  return { chatModel: openExtractiveAnswerer(embedder), tools: searches, clientTools: [] };
}

/** Numbers the passages that the user looks at, so that the answer can cite them from its first word. */
async function presentHere(
  course: CourseScope,
  position: ViewPosition,
  passages: CitedPassages,
  emit: EmitAgentPart,
): Promise<object[]> {
  const foundBefore = passages.found.size;
  const here = passages.present({ passages: await readPassagesAt(course, position) }).passages;
  if (passages.found.size > foundBefore) {
    emit({ type: "references", references: [...passages.found] });
  }
  return here;
}

/** The notice about unread attachments, once in an answer. */
async function findNotice(
  thread: ChatMessage[],
  { id }: Turn,
  chatModel: ChatModel,
): Promise<string> {
  const hasText = thread.some(({ turn_id, content }) => turn_id === id && content !== "");
  const question = thread.find((row) => row.id === id);
  return question && !hasText ? toUnreadNotice(question, chatModel) : "";
}

/** Records the cost of an answer. */
function recordCost(
  { receipts, chatModel }: Pick<AnswerDeps, "receipts" | "chatModel">,
  course_id: string,
  request_id: string,
  outcome: RunOutcome["type"],
  { usage }: RunSummary,
): void {
  const { inputTokens: input_tokens = 0, outputTokens: output_tokens = 0 } = usage;
  if (chatModel.kind !== "model" || input_tokens + output_tokens === 0) return;
  receipts?.record({
    call_key: `chat:${request_id}`,
    course_id,
    purpose: "chat",
    ...toModelName(chatModel.name),
    state: outcome === "finish" ? "ok" : "error",
    usage: { input_tokens, output_tokens },
    isFree: chatModel.isFree,
    error_code: null,
    seconds: null,
  });
}

export type RunContext = {
  request_id: string;
  session_id: string;
  modelName: string;
  passages: Pick<CitedPassages, "found">;
  /** The questions to suggest after an answer from these passages. */
  suggest?: (found: Citation[]) => string[];
  log: Pick<Log, "info" | "warn">;
  onEnd: OnAnswerEnd;
};

/**
 * Makes a run from an agent's work: counts usage, saves the steps, and ends with exactly one of
 * `finish`, `abort` and `error`. The steps are saved before the last part is emitted, also after a
 * failure; a failed save makes the run fail.
 *
 * @param work emits its parts; throws an AppError, or anything when its signal is aborted
 */
export function toRunWork(
  { request_id, session_id, modelName, passages, suggest, log, onEnd }: RunContext,
  work: (emit: EmitAgentPart, signal: AbortSignal) => Promise<void>,
  save: SaveAnswer,
): RunWork {
  const tally = new RunTally(request_id);
  return async (emit, signal) => {
    const emitCounted = (part: AgentPart) => {
      tally.count(part);
      emit(part);
    };
    const { found } = passages;
    if (found.size > 0) emitCounted({ type: "references", references: [...found] });
    const ended = await outcomeOf(() => work(emitCounted, signal), signal);

    const { steps } = tally;
    if (ended.type === "finish" && suggest && isAnswered(steps)) {
      const questions = suggest([...found]);
      steps.at(-1)!.metadata.suggested_questions = questions;
      emit({ type: "suggestions", questions });
    }
    const summary = { model: modelName, ...tally.total, hits: found.size };
    const saved = await outcomeOf(async () => {
      if (steps.length > 0) await save(steps);
    });
    const outcome = saved.type === "error" ? saved : ended;

    const fields = { request_id, session_id, ...summary };
    if (outcome.type === "error") log.warn({ ...fields, err: outcome.error }, "an answer failed");
    else log.info({ ...fields, outcome: outcome.type }, "an answer ended");
    onEnd(outcome.type, summary);
    const interrupts = pendingInterrupts(steps);
    emit(outcome.type === "finish" ? { type: "finish", summary, interrupts } : outcome);
  };
}

/** The run ended with a text, not with a call of a client's tool. */
function isAnswered(steps: NewAnswer[]): boolean {
  const last = steps.at(-1);
  return last !== undefined && last.content !== "" && !last.metadata.tool_calls;
}

const questionsIn = (thread: ChatMessage[]): string[] =>
  thread.flatMap(({ role, content }) => (role === "user" ? content : []));

/** Sums up the parts of a run. */
class RunTally {
  readonly steps: NewAnswer[] = [];
  #usage: TokenUsage = {};
  #firstTextMs: number | undefined;
  readonly #startedAt = performance.now();

  constructor(readonly request_id: string) {}

  count(part: AgentPart): void {
    if (part.type === "text") this.#firstTextMs ??= this.#elapsedMs();
    if (part.type !== "step-end") return;
    const { answer, usage } = part;
    const { request_id } = this;
    this.steps.push({ ...answer, metadata: { ...answer.metadata, request_id } });
    this.#usage = addUsage(this.#usage, usage);
  }

  get total(): Pick<RunSummary, "usage" | "latency_ms" | "first_text_ms"> {
    return {
      usage: this.#usage,
      latency_ms: this.#elapsedMs(),
      ...(this.#firstTextMs !== undefined && { first_text_ms: this.#firstTextMs }),
    };
  }

  #elapsedMs(): number {
    return Math.round(performance.now() - this.#startedAt);
  }
}

const toCourseScope = (
  { db, embedder, reranker, receipts }: AnswerDeps,
  { request: { course_id }, viewer }: TurnContext,
): CourseScope => ({ db, embedder, reranker: reranker ?? null, receipts, course_id, viewer });

/** The agent's task, without its prompt, the data for it, and the signal. */
function toTask(
  deps: AnswerDeps,
  context: TurnContext,
  turn: Turn,
  passages: CitedPassages,
): Omit<AgentTask, "prompt" | "here" | "notice" | "signal"> {
  const { db, chatModel } = deps;
  const { request, thread, viewer, origin } = context;
  return {
    chatModel,
    passages,
    sources: new SourceResolver(
      passages.byNumber,
      thread.some(
        ({ turn_id, metadata }) =>
          turn_id === turn.id &&
          metadata.tool_calls?.some(({ asked_at }) => asked_at !== undefined),
      ),
    ),
    tools: createCourseTools(toCourseScope(deps, context)),
    clientTools: toClientTools(request, chatModel),
    settings: request.settings ?? {},
    locate: (answer, citations) => locateCitations(db, viewer, answer, citations),
    isAllowedUrl: toUrlCheck(origin, passages),
    firstStep: turn.steps,
    messageId: (step) => stepId(turn.id, step),
    callIds: callIdsOf(thread),
  };
}

type RunOutcome = { type: "finish" } | { type: "abort" } | { type: "error"; error: AppError };

async function outcomeOf(work: () => Promise<void>, signal?: AbortSignal): Promise<RunOutcome> {
  try {
    await work();
    return { type: "finish" };
  } catch (thrown) {
    if (signal?.aborted && !(thrown instanceof AppError)) return { type: "abort" };
    return { type: "error", error: asAppError(thrown) };
  }
}

/** Adds our question tool, unless the client cannot resume a run or has a tool of that name. */
function toClientTools(
  { tools, client }: TurnContext["request"],
  { kind }: ChatModel,
): ClientTool[] {
  const hasOwn = tools.some(({ name }) => name === ASK_USER.name);
  const canAsk = kind === "model" && client.interrupts && !hasOwn;
  return canAsk ? [ASK_USER, ...tools] : tools;
}

const callIdsOf = (thread: ChatMessage[]) =>
  new Set(thread.flatMap(({ metadata }) => (metadata.tool_calls ?? []).map(({ id }) => id)));

function toUrlCheck(origin: string, { byNumber }: CitedPassages): IsAllowedUrl {
  const isCited = (host: string) =>
    byNumber.values().some(({ url }) => url !== null && URL.parse(url)?.host === host);
  return (url) => url.origin === origin || isCited(url.host);
}
