import { describe, expect, test } from "bun:test";
import type { ChatPart } from "../../../src/chat/parts";
import { type ChatRequest, NO_CAPABILITIES } from "../../../src/chat/request";
import {
  handleRunRequest,
  type RequestDeps,
  type ThreadRequest,
} from "../../../src/chat/run/handle-request";
import { LiveRuns, type RunWork } from "../../../src/chat/run/live-runs";
import { reconcile, reconcileFirst } from "../../../src/chat/thread/reconcile";
import { stepId } from "../../../src/chat/thread/turn";
import type { ChatMessage, MessageMetadata } from "../../../src/db/chat/chat";
import { AppError } from "../../../src/errors";
import { SEES_ALL } from "../../../src/principal";

const session_id = crypto.randomUUID();
const QUESTION_ID = crypto.randomUUID();
const RESUMING = { ...NO_CAPABILITIES, interrupts: true };
const FINISH: ChatPart = {
  type: "finish",
  summary: { model: "test:model", usage: {}, latency_ms: 1, hits: 0 },
  interrupts: [],
};

const row = { run_id: null, turn_id: null, step: null, created_at: "" };
const QUESTION: ChatMessage = {
  ...row,
  id: QUESTION_ID,
  role: "user",
  content: "One?",
  client_id: "q1",
  metadata: {},
};
const answer = (metadata: MessageMetadata = {}): ChatMessage => ({
  ...row,
  id: stepId(QUESTION_ID, 0),
  role: "assistant",
  content: "Yes.",
  client_id: null,
  turn_id: QUESTION_ID,
  step: 0,
  metadata: { status: "complete", ...metadata },
});
const ask = (content: string, id: string) => ({ id, role: "user" as const, content });

type Call = { turn_id: string; signal: AbortSignal; emit: (part: ChatPart) => void };

/** Storage in memory and work that the test drives by hand. */
function openDesk(stored: ChatMessage[] = []) {
  const shutdown = new AbortController();
  const calls: Call[] = [];
  const saved: string[] = [];
  const delivery: unknown[] = [];
  const logged: unknown[] = [];
  const counts = { reconciled: 0 };
  let thread = stored;
  const deps: RequestDeps = {
    runs: new LiveRuns(shutdown.signal, new AppError("chat_interrupted")),
    reconcile: (...given) => {
      counts.reconciled += 1;
      return reconcile(...given);
    },
    store: {
      list: async () => thread,
      add: async (_, { messages, run_id }) => {
        const added = messages.map((one) => ({ ...one, run_id, created_at: "" }));
        thread = [...thread, ...added];
        return true;
      },
      recordDelivery: async (...record) => void delivery.push(record),
      saveAnswer: async (_, { turn_id }) => void saved.push(turn_id),
    },
    answerTurn: (_context, turn, save): RunWork => {
      return async (emit, signal) => {
        const ended = Promise.withResolvers<void>();
        signal.addEventListener("abort", () => {
          emit({ type: "abort" });
          ended.resolve();
        });
        calls.push({
          turn_id: turn.id,
          signal,
          emit: (part) => {
            emit(part);
            if (part.type === "finish") ended.resolve();
          },
        });
        await ended.promise;
        await save([]).catch(() => {}); // work never throws
      };
    },
    modelName: "test:model",
    log: { error: (fields: unknown) => void logged.push(fields) } as RequestDeps["log"],
  };
  const open = (
    request: Partial<ChatRequest>,
    signal = new AbortController().signal,
    changed: Partial<ThreadRequest> = {},
  ) =>
    handleRunRequest(
      deps,
      {
        viewer: SEES_ALL,
        request: {
          course_id: "c",
          session_id,
          thread_id: null,
          run_id: "r",
          messages: [],
          surelyNew: false,
          canReplace: false,
          tools: [],
          context: [],
          client: NO_CAPABILITIES,
          ...request,
        },
        request_id: "q",
        thread,
        live: deps.runs.find(session_id),
        origin: "http://lectern.example",
        ...changed,
      },
      signal,
    );
  const replace = (messages: ChatMessage[]) => {
    thread = messages;
  };
  return { deps, calls, saved, delivery, logged, counts, open, replace, shutdown };
}

const readAll = async (parts: AsyncIterable<ChatPart[]>) => (await Array.fromAsync(parts)).flat();
const typesOf = (parts: ChatPart[]) => parts.map(({ type }) => type);

/** Waits until the n-th answer is being generated. */
async function callOf(calls: Call[], n = 0): Promise<Call> {
  while (!calls[n]) await Bun.sleep(1);
  return calls[n];
}

describe("handleRunRequest", () => {
  test("stores a new question, answers it, and reconciles the history once", async () => {
    const { open, calls, counts, saved, deps } = openDesk();
    const reading = readAll(open({ messages: [ask("One?", "q1")] }));
    const { turn_id, emit } = await callOf(calls);
    emit({ type: "text", delta: "Yes." });
    emit(FINISH);
    const parts = await reading;

    expect(typesOf(parts)).toEqual(["run-start", "thread", "text", "finish"]);
    expect(parts[0]).toMatchObject({ message_id: stepId(turn_id, 0) });
    expect(parts[1]).toMatchObject({ isReplay: false, replies: [] });
    expect((await deps.store.list(session_id)).map(({ content }) => content)).toEqual(["One?"]);
    expect(saved).toEqual([turn_id]);
    expect(counts.reconciled).toBe(1);
  });

  test("answers a question that was stored with its new thread, and does not store it again", async () => {
    const { open, calls, counts, saved, deps } = openDesk();
    const messages = [ask("One?", "q1")];
    const sent = { messages, session_id, run_id: "r", surelyNew: false, canReplace: false };
    const reading = readAll(open({ messages }, undefined, { begun: reconcileFirst(sent)! }));
    const { turn_id, emit } = await callOf(calls);
    emit(FINISH);
    const parts = await reading;

    expect(typesOf(parts)).toEqual(["run-start", "thread", "finish"]);
    expect(parts[1]).toMatchObject({ isReplay: false, rows: [{ content: "One?" }] });
    expect(await deps.store.list(session_id)).toBeEmpty();
    expect(saved).toEqual([turn_id]);
    expect(counts.reconciled).toBe(0);
  });

  test("replays a settled thread with its sources, without the model", async () => {
    const references = [{ number: 1 }];
    const { open, calls } = openDesk([QUESTION, answer({ references, citations: [] })]);
    const parts = await readAll(open({ messages: [ask("One?", "q1")] }));

    expect(typesOf(parts)).toEqual(["run-start", "thread", "recall", "finish"]);
    expect(parts[0]).toMatchObject({ message_id: answer().id });
    expect(parts[1]).toMatchObject({ isReplay: true });
    expect(calls).toBeEmpty();
  });

  test("generates an incomplete answer again, without its unfinished step", async () => {
    const { open, calls } = openDesk([QUESTION, answer({ status: "aborted" })]);
    const reading = readAll(open({ messages: [ask("One?", "q1")] }));
    (await callOf(calls)).emit(FINISH);
    const [, thread] = await reading;

    expect(thread).toMatchObject({ isReplay: true, rows: [QUESTION] });
  });

  test("lets a repeated request join the run from its beginning", async () => {
    const { open, calls } = openDesk();
    const request = { messages: [ask("One?", "q1")] };
    const first = readAll(open(request));
    const { emit } = await callOf(calls);
    emit({ type: "text", delta: "Yes." });
    const second = readAll(open(request));
    await Bun.sleep(5);
    emit(FINISH);

    expect(typesOf(await first)).toEqual(["run-start", "thread", "text", "finish"]);
    expect(typesOf(await second)).toEqual(["run-start", "thread", "text", "finish"]);
    expect(calls).toHaveLength(1);
  });

  test("makes a new question wait for the run in progress", async () => {
    const { open, calls } = openDesk();
    const first = readAll(open({ messages: [ask("One?", "q1")] }));
    const { emit } = await callOf(calls);
    const second = readAll(open({ messages: [ask("One?", "q1"), ask("Two?", "q2")] }));
    await Bun.sleep(5);
    expect(calls).toHaveLength(1);
    emit(FINISH);
    await first;
    (await callOf(calls, 1)).emit(FINISH);

    expect(typesOf(await second)).toEqual(["run-start", "thread", "finish"]);
  });

  test("joins a run that another request starts while the thread is read", async () => {
    const { open, calls, counts } = openDesk();
    const request = { messages: [ask("One?", "q1")] };
    const first = readAll(open(request));
    const second = readAll(open(request));
    const { emit } = await callOf(calls);
    await Bun.sleep(5);
    emit(FINISH);
    await first;

    expect(typesOf(await second)).toEqual(["run-start", "thread", "finish"]);
    expect(calls).toHaveLength(1);
    expect(counts.reconciled).toBe(3); // one for each request, one for the thread that changed
  });

  test("asks the model while RUN_STARTED is on its way, and cancels if its reader leaves there", async () => {
    const { open, calls } = openDesk();
    const parts = open({ messages: [ask("One?", "q1")] });
    await parts.next();
    const { signal } = await callOf(calls);
    expect(signal.aborted).toBe(false);
    await parts.return(undefined);

    expect(signal.aborted).toBe(true);
  });

  test("stops the run of a question that a concurrent request stored first", async () => {
    const desk = openDesk();
    const { deps, calls, saved } = desk;
    const add = deps.store.add;
    deps.store.add = async () => {
      deps.store.add = add;
      desk.replace([QUESTION]);
      return false;
    };
    const reading = readAll(desk.open({ messages: [ask("One?", "q1")], surelyNew: true }));
    const unread = await callOf(calls);
    const { emit } = await callOf(calls, 1);
    emit(FINISH);
    const parts = await reading;

    expect(unread.signal.aborted).toBe(true);
    expect(typesOf(parts)).toEqual(["run-start", "thread", "finish"]);
    expect(saved).toEqual([QUESTION_ID]);
  });

  test("reports a thread that was deleted", async () => {
    const { open, deps } = openDesk();
    deps.store.add = async () => false;
    const parts = await readAll(open({ messages: [ask("One?", "q1")] }));

    expect(parts.at(-1)).toMatchObject({
      type: "error",
      error: { errorCode: "session_not_found" },
    });
  });

  test("stops the run and logs the cause when the question cannot be stored", async () => {
    const { open, deps, calls, saved, logged } = openDesk();
    deps.store.add = () => Promise.reject(new Error("disk full"));
    const parts = await readAll(open({ messages: [ask("One?", "q1")] }));

    expect(typesOf(parts)).toEqual(["run-start", "error"]);
    expect(parts[1]).toMatchObject({ error: { errorCode: "internal" } });
    expect(calls[0]!.signal.aborted).toBe(true);
    expect(saved).toBeEmpty();
    expect(logged).toMatchObject([{ request_id: "q", err: { message: "disk full" } }]);
  });

  test("ends silently when the reader leaves while it waits for another run", async () => {
    const { open, calls, logged } = openDesk();
    const first = readAll(open({ messages: [ask("One?", "q1")] }));
    const { emit } = await callOf(calls);
    const gone = new AbortController();
    const messages = [ask("One?", "q1"), ask("Two?", "q2")];
    const second = readAll(open({ messages }, gone.signal));
    await Bun.sleep(5);
    gone.abort();

    expect(typesOf(await second)).toEqual(["run-start"]);
    emit(FINISH);
    await first;
    expect(calls).toHaveLength(1);
    expect(logged).toBeEmpty();
  });

  test("cancels a run when its reader leaves before following it", async () => {
    const { open, calls } = openDesk();
    const parts = open({ messages: [ask("One?", "q1")] });
    await parts.next();
    await parts.next();
    await parts.return(undefined);

    expect(calls[0]!.signal.aborted).toBe(true);
  });

  test("cancels a run at shutdown, with a last part", async () => {
    const { open, calls, shutdown } = openDesk();
    const reading = readAll(open({ messages: [ask("One?", "q1")] }));
    await callOf(calls);
    shutdown.abort();

    expect(typesOf(await reading)).toEqual(["run-start", "thread", "abort"]);
  });

  describe("with a grace period", () => {
    const one = { messages: [ask("One?", "q1")], linger_ms: 20_000 };
    const two = { messages: [ask("One?", "q1"), ask("Two?", "q2")] };

    test("waits for a reader who left before another one without a grace period", async () => {
      const { open, calls } = openDesk();
      const [leaving, remaining] = [new AbortController(), new AbortController()];
      const first = readAll(open(one, leaving.signal));
      const { signal } = await callOf(calls);
      const second = readAll(open({ ...one, linger_ms: undefined }, remaining.signal));
      await Bun.sleep(5);
      leaving.abort();
      await first;
      remaining.abort();
      await second;

      expect(signal.aborted).toBe(false);
      const next = readAll(open(two));
      (await callOf(calls, 1)).emit(FINISH);
      expect(typesOf(await next)).toEqual(["run-start", "thread", "finish"]);
      expect(signal.aborted).toBe(true);
    });

    test("ends at once when its reader leaves while another question waits", async () => {
      const { open, calls } = openDesk();
      const leaving = new AbortController();
      const first = readAll(open(one, leaving.signal));
      const { signal } = await callOf(calls);
      const next = readAll(open(two));
      await Bun.sleep(5);
      expect(signal.aborted).toBe(false);
      leaving.abort();
      await first;

      expect(signal.aborted).toBe(true);
      (await callOf(calls, 1)).emit(FINISH);
      expect(typesOf(await next)).toEqual(["run-start", "thread", "finish"]);
    });

    test("refuses a question in a request that only joins, and continues the run in progress", async () => {
      const { open, calls } = openDesk();
      const code = async (parts: AsyncIterable<ChatPart[]>) =>
        (await readAll(parts)).flatMap((part) =>
          part.type === "error" ? part.error.errorCode : [],
        );

      expect(await code(open({ ...one, joinsOnly: true }))).toEqual(["answer_not_running"]);
      expect(calls).toHaveLength(0);
      const leaving = new AbortController();
      const first = readAll(open(one, leaving.signal));
      const { signal, emit } = await callOf(calls);
      leaving.abort();
      await first;
      expect(await code(open({ ...two, joinsOnly: true }))).toEqual(["answer_not_running"]);
      expect(signal.aborted).toBe(false);
      const back = readAll(open({ messages: [], joinsOnly: true }));
      await Bun.sleep(5);
      emit(FINISH);
      expect(typesOf(await back)).toEqual(["run-start", "thread", "finish"]);
      expect(calls).toHaveLength(1);
    });
  });

  test("records an answer that ended without its reader, and its delivery later", async () => {
    const { open, calls, delivery, replace } = openDesk();
    const parts = open({ messages: [ask("One?", "q1")] });
    await parts.next();
    await parts.next();
    const reading = parts.next();
    const { turn_id, emit } = await callOf(calls);
    emit({ type: "text", delta: "Yes." });
    await reading;
    emit(FINISH);
    await parts.return(undefined);
    while (delivery.length === 0) await Bun.sleep(1);

    replace([
      { ...QUESTION, id: turn_id },
      { ...answer({ undelivered: true }), turn_id },
    ]);
    await readAll(open({ messages: [ask("One?", "q1")], canReplace: true }));
    while (delivery.length === 1) await Bun.sleep(1);

    expect(delivery).toEqual([
      [session_id, turn_id, false],
      [session_id, turn_id, true],
    ]);
    expect(calls).toHaveLength(1);
  });

  test("records nothing for an answer that was read to its end", async () => {
    const { open, calls, delivery } = openDesk();
    const reading = readAll(open({ messages: [ask("One?", "q1")] }));
    (await callOf(calls)).emit(FINISH);
    await reading;
    await Bun.sleep(5);

    expect(delivery).toBeEmpty();
  });

  describe("with a question to the user", () => {
    const tool_calls = [{ id: "c1", name: "ask_user", arguments: "{}", interrupts: true as const }];
    const thread = [QUESTION, answer({ tool_calls })];
    const messages = [ask("One?", "q1"), ask("Two?", "q2")];

    test("refuses another question from a client that can resume", async () => {
      const { open, calls } = openDesk(thread);
      const parts = await readAll(open({ messages, client: RESUMING }));

      expect(parts.at(-1)).toMatchObject({ error: { details: { missing: ["c1"] } } });
      expect(calls).toBeEmpty();
    });

    test("takes another question of any other client as a refusal to answer", async () => {
      const { open, calls } = openDesk(thread);
      const reading = readAll(open({ messages }));
      (await callOf(calls)).emit(FINISH);
      const [, { rows }] = (await reading) as [ChatPart, Extract<ChatPart, { type: "thread" }>];

      expect(rows[1]!.metadata.tool_calls![0]!.result!.content).toContain("declined");
    });

    test("continues the turn with a reply, which the client gets as a result", async () => {
      const { open, calls } = openDesk(thread);
      const resume = [
        { interruptId: "c1", status: "resolved" as const, payload: { answer: "both" } },
      ];
      const reading = readAll(open({ messages: messages.slice(0, 1), resume, client: RESUMING }));
      const { turn_id, emit } = await callOf(calls);
      emit(FINISH);
      const [, started] = await reading;

      expect(turn_id).toBe(QUESTION_ID);
      expect(started).toMatchObject({
        isReplay: false,
        replies: [{ tool_call_id: "c1", result: { content: '{"answer":"both"}' } }],
      });
    });
  });
});
