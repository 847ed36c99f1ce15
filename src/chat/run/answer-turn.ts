import type { Tool } from "@ag-ui/core";
import type { ChatMessage, NewAnswer } from "../../db/chat/chat";
import type { Sql } from "../../db/client";
import { AppError } from "../../errors";
import type { Log } from "../../log";
import type { ChatModel } from "../../providers/chat/chat-model";
import type { Embedder } from "../../providers/embedder";
import type { Reranker } from "../../providers/reranker";
import { type ChatRequest, isModern } from "../ag-ui/request";
import { Sources } from "../agent/cited-passages";
import { runAgent } from "../agent/loop";
import { toInstructions, toPrompt } from "../agent/prompt";
import type { AgentTask } from "../agent/step";
import { createCourseTools } from "../agent/tools";
import { addUsage } from "../agent/usage";
import { locateCitations } from "../citations/locate";
import type { AgentPart, RunSummary, Usage } from "../parts";
import type { IsOurs } from "../sanitize/markdown-stream";
import { ASK_USER, pendingInterrupts } from "../thread/interrupts";
import { stepId, type Turn } from "../thread/reconcile";
import type { Work } from "./live-runs";

export type AnswerServices = {
  db: Sql;
  embedder: Embedder;
  reranker?: Reranker | null;
  chatModel: ChatModel;
  log: Log;
  /** Hears of every answer that ended. */
  onEnd: (outcome: "finish" | "abort" | "error", summary: RunSummary) => void;
};

export type Answerable = {
  request: Pick<ChatRequest, "course_id" | "session_id" | "context" | "tools"> &
    Partial<Pick<ChatRequest, "protocolVersion">>;
  request_id: string;
  /** What was said so far. */
  thread: ChatMessage[];
  /** Our own address, the only one besides those of cited assets that answers may link to. */
  origin: string;
};

/**
 * The work of answering one turn.
 *
 * @param save keeps the steps of the answer, whole or not, before it is said to be over
 */
export function answer(
  services: AnswerServices,
  asked: Answerable,
  turn: Turn,
  save: (steps: NewAnswer[]) => Promise<void>,
): Work {
  const { chatModel } = services;
  const sources = new Sources(asked.thread, turn.id);
  const tally = new Tally(asked.request_id);

  return async (emit, signal) => {
    const tell = (part: AgentPart) => {
      tally.hear(part);
      emit(part);
    };
    if (sources.found.size > 0) tell({ type: "references", references: [...sources.found] });
    const end = await outcomeOf(async () => {
      const prompt = await toPrompt(asked.thread, toInstructions(asked.request.context), chatModel);
      await runAgent({ ...toTask(services, asked, turn, sources), prompt, signal }, tell);
    }, signal);

    const { steps } = tally;
    const summary = { model: chatModel.name, ...tally.total, hits: sources.found.size };
    const saved = await outcomeOf(async () => {
      if (steps.length > 0) await save(steps);
    });
    const last = saved.type === "error" ? saved : end;
    report(services, asked, last, summary);
    const interrupts = pendingInterrupts(steps);
    emit(last.type === "finish" ? { type: "finish", summary, interrupts } : last);
  };
}

/** What an answer comes to, part by part. */
class Tally {
  readonly steps: NewAnswer[] = [];
  #usage: Usage = {};
  #firstTextMs: number | undefined;
  readonly #started = performance.now();

  constructor(readonly request_id: string) {}

  hear(part: AgentPart): void {
    if (part.type === "text") this.#firstTextMs ??= this.#elapsed();
    if (part.type !== "step-end") return;
    const { answer, usage } = part;
    const { request_id } = this;
    this.steps.push({ ...answer, metadata: { ...answer.metadata, request_id } });
    this.#usage = addUsage(this.#usage, usage);
  }

  get total(): Pick<RunSummary, "usage" | "latency_ms" | "first_text_ms"> {
    return {
      ...{ usage: this.#usage, latency_ms: this.#elapsed() },
      ...(this.#firstTextMs !== undefined && { first_text_ms: this.#firstTextMs }),
    };
  }

  #elapsed(): number {
    return Math.round(performance.now() - this.#started);
  }
}

/** What the agent is to do, but for the prompt and the signal. */
function toTask(
  { db, embedder, reranker, chatModel }: AnswerServices,
  { request, thread, origin }: Answerable,
  turn: Turn,
  sources: Sources,
): Omit<AgentTask, "prompt" | "signal"> {
  return {
    ...{ chatModel, sources },
    tools: createCourseTools({ db, embedder, reranker, course_id: request.course_id }),
    frontendTools: toFrontendTools(request, chatModel),
    point: (said, citations) => locateCitations(db, said, citations),
    isOurs: ownAddresses(origin, sources),
    firstStep: turn.steps,
    messageId: (step) => stepId(turn.id, step),
    callIds: callIdsOf(thread),
  };
}

function report(
  { log, onEnd }: AnswerServices,
  { request, request_id }: Answerable,
  outcome: Outcome,
  summary: RunSummary,
): void {
  const context = { request_id, session_id: request.session_id, ...summary };
  if (outcome.type === "error") log.warn({ ...context, err: outcome.error }, "an answer failed");
  else log.info({ ...context, outcome: outcome.type }, "an answer ended");
  onEnd(outcome.type, summary);
}

type Outcome = { type: "finish" } | { type: "abort" } | { type: "error"; error: AppError };

async function outcomeOf(work: () => Promise<void>, signal?: AbortSignal): Promise<Outcome> {
  try {
    await work();
    return { type: "finish" };
  } catch (thrown) {
    if (thrown instanceof AppError) return { type: "error", error: thrown };
    if (signal?.aborted) return { type: "abort" };
    return { type: "error", error: new AppError("internal", {}, { cause: thrown }) };
  }
}

/** Only clients of 1.0 know how to be asked; one that has a tool by that name asks by itself. */
function toFrontendTools(
  { tools, protocolVersion }: Answerable["request"],
  { kind }: ChatModel,
): Tool[] {
  const hasOwn = tools.some(({ name }) => name === ASK_USER.name);
  const mayAsk = kind === "model" && isModern(protocolVersion) && !hasOwn;
  return mayAsk ? [ASK_USER, ...tools] : tools;
}

const callIdsOf = (thread: ChatMessage[]) =>
  new Set(thread.flatMap(({ metadata }) => (metadata.tool_calls ?? []).map(({ id }) => id)));

function ownAddresses(origin: string, { byNumber }: Sources): IsOurs {
  const isCited = (host: string) =>
    byNumber.values().some(({ url }) => url !== null && URL.parse(url)?.host === host);
  return ({ origin: theirs, host }) => theirs === origin || isCited(host);
}
