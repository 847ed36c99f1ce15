import { describe, expect, test } from "bun:test";
import type { EmitAgentPart } from "../../../src/chat/agent/loop";
import type { ChatPart, TokenUsage } from "../../../src/chat/parts";
import { type RunContext, type SaveAnswer, toRunWork } from "../../../src/chat/run/answer-turn";
import type { MessageMetadata, NewAnswer } from "../../../src/db/chat/chat";
import { AppError } from "../../../src/errors";
import type { Citation } from "../../../src/retrieval/search";

type Work = (emit: EmitAgentPart, signal: AbortSignal) => Promise<void>;

const stepEnd = (
  step: number,
  usage: TokenUsage = {},
  metadata: MessageMetadata = { status: "complete" },
) => {
  const answer = { id: `m${step}`, step, content: "Yes.", metadata };
  return { type: "step-end" as const, answer, usage };
};

/** Runs the work to its end; returns everything that happened, in order. */
async function run(
  work: Work,
  {
    save,
    found = [],
    signal,
  }: { save?: SaveAnswer; found?: Citation[]; signal?: AbortSignal } = {},
) {
  const happened: (ChatPart | { type: "saved"; steps: NewAnswer[] })[] = [];
  const ended: string[] = [];
  const warned: unknown[] = [];
  const log = { info() {}, warn: (fields: unknown) => void warned.push(fields) };
  const context: RunContext = {
    request_id: "q",
    session_id: "s",
    modelName: "test:model",
    passages: { found: new Set(found) },
    log: log as unknown as RunContext["log"],
    onEnd: (outcome) => void ended.push(outcome),
  };
  const saveAll: SaveAnswer = async (steps) => void happened.push({ type: "saved", steps });
  await toRunWork(
    context,
    work,
    save ?? saveAll,
  )((part) => void happened.push(part), signal ?? new AbortController().signal);
  return { happened, types: happened.map(({ type }) => type), ended, warned };
}

describe("toRunWork", () => {
  test("saves the steps before it ends, and sums up their usage", async () => {
    const { happened, types, ended } = await run(async (emit) => {
      emit({ type: "text", delta: "Yes." });
      emit(stepEnd(0, { inputTokens: 2 }));
      emit(stepEnd(1, { inputTokens: 3, outputTokens: 1 }));
    });

    expect(types).toEqual(["text", "step-end", "step-end", "saved", "finish"]);
    expect(happened[3]).toMatchObject({
      steps: [{ step: 0, metadata: { request_id: "q" } }, { step: 1 }],
    });
    expect(happened[4]).toMatchObject({
      summary: { model: "test:model", usage: { inputTokens: 5, outputTokens: 1 }, hits: 0 },
    });
    expect(happened[4]).toHaveProperty("summary.first_text_ms");
    expect(ended).toEqual(["finish"]);
  });

  test("begins with the passages that earlier steps of the turn retrieved", async () => {
    const found = [{ number: 4 } as Citation];
    const { happened } = await run(async () => {}, { found });

    expect(happened[0]).toEqual({ type: "references", references: found });
    expect(happened.at(-1)).toMatchObject({ summary: { hits: 1 } });
  });

  test("saves nothing when no step ended", async () => {
    const { types } = await run(async () => {});

    expect(types).toEqual(["finish"]);
  });

  test("saves a failed answer, then ends with its error", async () => {
    const error = new AppError("provider_unavailable");
    const { happened, types, ended, warned } = await run(async (emit) => {
      emit(stepEnd(0, {}, { status: "error" }));
      throw error;
    });

    expect(types).toEqual(["step-end", "saved", "error"]);
    expect(happened[2]).toEqual({ type: "error", error });
    expect(ended).toEqual(["error"]);
    expect(warned).toMatchObject([{ request_id: "q", session_id: "s", err: error }]);
  });

  test("saves a cancelled answer, then ends with an abort", async () => {
    const cancelled = new AbortController();
    const { types, ended } = await run(
      async (emit, signal) => {
        cancelled.abort(new Error("the reader left"));
        emit(stepEnd(0, {}, { status: "aborted" }));
        signal.throwIfAborted();
      },
      { signal: cancelled.signal },
    );

    expect(types).toEqual(["step-end", "saved", "abort"]);
    expect(ended).toEqual(["abort"]);
  });

  test("reports an unknown failure as internal, with its cause", async () => {
    const cause = new TypeError("undefined is not a function");
    const { happened } = await run(() => Promise.reject(cause));

    expect(happened).toMatchObject([{ type: "error", error: { errorCode: "internal", cause } }]);
  });

  test.each([
    ["53100", "storage_full"],
    ["CONNECTION_CLOSED", "database_unavailable"],
  ])("names the outage when the answer cannot be saved: %s", async (code, errorCode) => {
    const cause = Object.assign(new Error("could not extend file"), { code });
    const { happened } = await run(async (emit) => emit(stepEnd(0)), {
      save: () => Promise.reject(cause),
    });

    expect(happened.at(-1)).toMatchObject({ type: "error", error: { errorCode, cause } });
  });

  test.each(["finished", "cancelled"])(
    "fails when an answer that %s cannot be saved",
    async (how) => {
      const cancelled = new AbortController();
      const { happened } = await run(
        async (emit, signal) => {
          emit(stepEnd(0));
          if (how === "cancelled") cancelled.abort();
          signal.throwIfAborted();
        },
        {
          signal: cancelled.signal,
          save: () => Promise.reject(new AppError("database_unavailable")),
        },
      );

      expect(happened.at(-1)).toMatchObject({
        type: "error",
        error: { errorCode: "database_unavailable" },
      });
    },
  );

  test("ends with the questions that the user must answer", async () => {
    const call = { id: "c1", name: "ask_user", arguments: '{"question":"Which?"}' };
    const tool_calls = [{ ...call, interrupts: true as const }];
    const { happened } = await run(async (emit) => {
      emit(stepEnd(0, {}, { status: "complete", tool_calls }));
    });

    expect(happened.at(-1)).toMatchObject({ interrupts: [{ id: "c1", message: "Which?" }] });
  });
});
