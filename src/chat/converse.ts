import {
  addToThread,
  type ChatMessage,
  listMessages,
  type NewAnswer,
  saveAnswer,
} from "../db/chat";
import { isDatabaseOutage } from "../db/client";
import { AppError } from "../errors";
import type { ChatModel } from "../providers/chat-model";
import { type Answerable, type AnswerServices, answer } from "./answer";
import {
  findNew,
  isBehind,
  lastTurn,
  type Said,
  toAgUiMessages,
  toSnapshots,
  withoutUnfinished,
  withSaid,
} from "./history";
import type { ChatRequest } from "./input";
import type { ChatPart, RunSummary } from "./parts";
import type { LiveRun, Runs } from "./runs";

export type ChatServices = AnswerServices & { runs: Runs };

/** `thread` as it was when the request came. */
export type Conversation = Answerable & { request: ChatRequest };

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
    const save = (steps: NewAnswer[]) =>
      saveAnswer(db, session_id, { turn_id: turn.id, run_id: request.runId, steps });
    const work = answer(services, { ...conversation, thread: known }, turn, save);
    const run = runs.start(session_id, known, work);
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
