import {
  addToThread,
  type ChatMessage,
  listMessages,
  type NewAnswer,
  saveAnswer,
} from "../db/chat";
import { isDatabaseOutage, type Sql } from "../db/client";
import { AppError } from "../errors";
import type { Log } from "../log";
import type { ChatModel } from "../providers/chat-model";
import type { Embedder } from "../providers/embedder";
import { runAgent } from "./agent";
import {
  findNew,
  isBehind,
  lastTurn,
  type Said,
  stepId,
  type Turn,
  toAgUiMessages,
  toSnapshots,
  withoutUnfinished,
  withSaid,
} from "./history";
import type { ChatRequest } from "./input";
import type { IsOurs } from "./neutralise";
import type { ChatPart, RunSummary, Usage } from "./parts";
import { toInstructions, toPrompt } from "./prompt";
import type { LiveRun, Runs, Work } from "./runs";
import { Sources } from "./sources";
import { createCourseTools } from "./tools";

export type ChatServices = {
  db: Sql;
  embedder: Embedder;
  chatModel: ChatModel;
  runs: Runs;
  log: Log;
  /** Hears of every answer that ended. */
  onEnd: (outcome: "finish" | "abort" | "error", summary: RunSummary) => void;
};

export type Conversation = {
  request: ChatRequest;
  request_id: string;
  /** The thread as it was when the request came. */
  thread: ChatMessage[];
  /** Our own address, the only one besides those of cited assets that answers may link to. */
  origin: string;
};

/**
 * Takes a conversation further: stores what is new in it, then answers.
 *
 * A thread has one answer at a time. A request that brings nothing new hears the answer that is
 * being given, from its beginning; gets an answer that broke off given again; or, when nothing is
 * open, gets the thread as it is. One that brings something new waits for the answer before it.
 */
export async function* converse(
  services: ChatServices,
  conversation: Conversation,
  signal: AbortSignal,
): AsyncGenerator<ChatPart[]> {
  try {
    yield* takeFurther(services, conversation, signal);
  } catch (err) {
    if (signal.aborted) return;
    services.log.error({ err, request_id: conversation.request_id }, "a conversation failed");
    const code = isDatabaseOutage(err) ? "database_unavailable" : "internal";
    const error = err instanceof AppError ? err : new AppError(code, {}, { cause: err });
    yield [{ type: "error", error }];
  }
}

async function* takeFurther(
  services: ChatServices,
  conversation: Conversation,
  signal: AbortSignal,
): AsyncGenerator<ChatPart[]> {
  const { db, runs } = services;
  const { request } = conversation;
  const { session_id, messages } = request;
  let { thread } = conversation;
  let surelyNew = request.surelyNew;

  for (;;) {
    const live = runs.find(session_id);
    const said = findNew(live?.thread ?? thread, { messages, session_id, surelyNew });
    if (live && !live.isStopped && isNothing(said)) {
      yield toHistory(live.thread, request);
      yield* live.follow(signal);
      return;
    }
    if (live) {
      await untilOver(live, signal);
      thread = await listMessages(db, session_id);
      continue;
    }
    if (!isNothing(said)) {
      const added = await addToThread(db, session_id, { ...said, run_id: request.runId });
      // Stored now, by us or by a faster twin of this request.
      surelyNew = false;
      thread = added ? withSaid(thread, said, request.runId) : await listMessages(db, session_id);
      if (!added && thread.length === 0) throw new AppError("session_not_found");
      if (!added || runs.find(session_id)) continue;
    }
    const turn = lastTurn(thread);
    if (!turn || turn.settled) {
      yield toHistory(thread, request);
      yield [{ type: "finish", summary: emptySummary(services.chatModel) }];
      return;
    }
    const known = withoutUnfinished(thread, turn);
    if (isNothing(said) || isBehind(known, messages)) yield toHistory(known, request);
    const run = runs.start(
      session_id,
      known,
      answer(services, { ...conversation, thread: known }, turn),
    );
    yield* run.follow(signal);
    return;
  }
}

const isNothing = ({ messages, results }: Said) => messages.length + results.length === 0;

const toHistory = (thread: ChatMessage[], { session_id, messages }: ChatRequest): ChatPart[] =>
  toSnapshots(toAgUiMessages(thread, session_id, messages), messages).map((snapshot) => ({
    ...{ type: "history", messages: snapshot },
  }));

const emptySummary = ({ name: model }: ChatModel): RunSummary => ({
  ...{ model, usage: {}, latency_ms: 0, hits: 0 },
});

async function untilOver(live: LiveRun, signal: AbortSignal): Promise<void> {
  const { promise, reject } = Promise.withResolvers<never>();
  const onAbort = () => reject(signal.reason);
  signal.addEventListener("abort", onAbort);
  try {
    signal.throwIfAborted();
    await Promise.race([live.ended, promise]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

/** Answers one turn and stores the answer, whole or not, before it says that it is over. */
function answer(services: ChatServices, conversation: Conversation, turn: Turn): Work {
  const { db, chatModel, log, onEnd } = services;
  const { request, request_id, thread } = conversation;
  const started = performance.now();
  const sources = new Sources(thread);
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
    const end = await outcomeOf(async () => {
      const instructions = toInstructions(request.context);
      const prompt = await toPrompt(thread, instructions, chatModel);
      await runAgent(
        {
          ...{ chatModel, prompt, sources, signal },
          tools: createCourseTools({ ...services, course_id: request.course_id }),
          frontendTools: request.tools,
          isOurs: ownAddresses(conversation.origin, sources),
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
      if (steps.length === 0) return;
      const { runId: run_id, session_id } = request;
      await saveAnswer(db, session_id, { turn_id: turn.id, run_id, steps });
    });
    const last = saved.type === "error" ? saved : end;
    const context = { request_id, session_id: request.session_id, ...summary };
    if (last.type === "error") log.warn({ ...context, err: last.error }, "an answer failed");
    else log.info({ ...context, outcome: last.type }, "an answer ended");
    onEnd(last.type, summary);
    emit(last.type === "finish" ? { type: "finish", summary } : last);
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

const callIdsOf = (thread: ChatMessage[]) =>
  new Set(thread.flatMap(({ metadata }) => (metadata.tool_calls ?? []).map(({ id }) => id)));

function ownAddresses(origin: string, { byNumber }: Sources): IsOurs {
  const isCited = (host: string) =>
    byNumber.values().some(({ url }) => url !== null && URL.parse(url)?.host === host);
  return ({ origin: theirs, host }) => theirs === origin || isCited(host);
}

function addUsage(sum: Usage, more: Usage): Usage {
  const names = [...new Set([...Object.keys(sum), ...Object.keys(more)])] as (keyof Usage)[];
  return Object.fromEntries(names.map((name) => [name, (sum[name] ?? 0) + (more[name] ?? 0)]));
}
