import type { Tool } from "@ag-ui/core";
import type { ChatMessage, NewAnswer } from "../db/chat";
import type { Sql } from "../db/client";
import { AppError } from "../errors";
import type { Log } from "../log";
import type { ChatModel } from "../providers/chat/chat-model";
import type { Embedder } from "../providers/embedder";
import { runAgent } from "./agent/agent";
import { ASK_USER, pendingInterrupts } from "./agent/interrupts";
import type { IsOurs } from "./agent/neutralise";
import { pointCitations } from "./agent/places";
import { toInstructions, toPrompt } from "./agent/prompt";
import { Sources } from "./agent/sources";
import { createCourseTools } from "./agent/tools";
import { addUsage } from "./agent/usage";
import { stepId, type Turn } from "./history";
import { type ChatRequest, isModern } from "./input";
import type { ChatPart, RunSummary, Usage } from "./parts";
import type { Work } from "./run/runs";

export type AnswerServices = {
  db: Sql;
  embedder: Embedder;
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
  const { chatModel, log, onEnd } = services;
  const { request, request_id, thread } = asked;
  const started = performance.now();
  const sources = new Sources(thread, turn.id);
  const steps: NewAnswer[] = [];
  let usage: Usage = {};
  let first_text_ms: number | undefined;
  const elapsed = () => Math.round(performance.now() - started);

  return async (emit, signal) => {
    const tell = (part: ChatPart) => {
      if (part.type === "text") first_text_ms ??= elapsed();
      if (part.type === "step-end") {
        steps.push({ ...part.answer, metadata: { ...part.answer.metadata, request_id } });
        usage = addUsage(usage, part.usage);
      }
      emit(part);
    };
    if (sources.found.size > 0) tell({ type: "references", references: [...sources.found] });
    const end = await outcomeOf(async () => {
      const instructions = toInstructions(request.context);
      const prompt = await toPrompt(thread, instructions, chatModel);
      await runAgent(
        {
          ...{ chatModel, prompt, sources, signal },
          tools: createCourseTools({ ...services, course_id: request.course_id }),
          frontendTools: toFrontendTools(request, chatModel),
          point: (said, citations) => pointCitations(services.db, said, citations),
          isOurs: ownAddresses(asked.origin, sources),
          firstStep: turn.steps,
          messageId: (step) => stepId(turn.id, step),
          callIds: callIdsOf(thread),
        },
        tell,
      );
    }, signal);

    const summary: RunSummary = {
      ...{ model: chatModel.name, usage, latency_ms: elapsed(), hits: sources.found.size },
      ...(first_text_ms !== undefined && { first_text_ms }),
    };
    const saved = await outcomeOf(async () => {
      if (steps.length > 0) await save(steps);
    });
    const last = saved.type === "error" ? saved : end;
    const context = { request_id, session_id: request.session_id, ...summary };
    if (last.type === "error") log.warn({ ...context, err: last.error }, "an answer failed");
    else log.info({ ...context, outcome: last.type }, "an answer ended");
    onEnd(last.type, summary);
    const interrupts = pendingInterrupts(steps);
    emit(last.type === "finish" ? { type: "finish", summary, interrupts } : last);
  };
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
