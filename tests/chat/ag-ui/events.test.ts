import { describe, expect, test } from "bun:test";
import { toAgUiEvents } from "../../../src/chat/ag-ui/events";
import type { ChatPart } from "../../../src/chat/parts";
import { NO_CAPABILITIES } from "../../../src/chat/request";
import { AppError } from "../../../src/errors";
import { typesOf, verify } from "../../support/ag-ui";

const RUN = {
  threadId: "t",
  run_id: "r",
  client: { interrupts: true, cancelledOutcome: true, reasoning: true },
  messages: [],
  state: undefined,
  session_id: "s",
  course_id: "c",
  request_id: "q",
  model: "openai:gpt:1",
};
const OLD_CLIENT = { client: NO_CAPABILITIES };

/** A run can leave a text, reasoning or a tool call open. */
const HALF: ChatPart[][] = [
  [
    { type: "step-start", message_id: "m1" },
    { type: "text", delta: "Entropy is" },
  ],
  [
    { type: "step-start", message_id: "m1" },
    { type: "reasoning-start", message_id: "r1" },
    { type: "reasoning", delta: "hm" },
  ],
  [
    { type: "step-start", message_id: "m1" },
    { type: "text", delta: "Let me see." },
    { type: "tool-start", id: "c1", name: "search_slides" },
    { type: "tool-input", id: "c1", delta: '{"que' },
  ],
];

const ENDS: [name: string, last: ChatPart[] | Error, modern: string, old: string][] = [
  ["finish", [finish({})], "RUN_FINISHED", "RUN_FINISHED"],
  ["an error", [{ type: "error", error: secretive() }], "RUN_ERROR", "RUN_ERROR"],
  ["an abort", [{ type: "abort" }], "RUN_FINISHED", "RUN_ERROR"],
  ["nothing", [], "RUN_ERROR", "RUN_ERROR"],
  ["a throw", new Error("secret"), "RUN_ERROR", "RUN_ERROR"],
];

async function* partsOf(parts: ChatPart[], last: ChatPart[] | Error): AsyncGenerator<ChatPart[]> {
  for (const part of parts) yield [part];
  if (last instanceof Error) throw last;
  yield last;
}

const eventsOf = async (parts: AsyncIterable<ChatPart[]>, run = {}) =>
  (await Array.fromAsync(toAgUiEvents(parts, { ...RUN, ...run }))).flat();

describe("toAgUiEvents", () => {
  test.each(ENDS)(
    "closes what is open before the run ends with %s",
    async (_, last, modern, old) => {
      for (const half of HALF) {
        const events = await eventsOf(partsOf(half, last));
        const older = await eventsOf(partsOf(half, last), OLD_CLIENT);

        await verify(events);
        await verify(older);
        expect(events[0]!.type as string).toBe("RUN_STARTED");
        expect(events.at(-1)!.type as string).toBe(modern);
        expect(older.at(-1)!.type as string).toBe(old);
        for (const kind of ["TEXT_MESSAGE", "TOOL_CALL", "REASONING", "REASONING_MESSAGE"]) {
          const count = (type: string) => typesOf(events).filter((one) => one === type).length;
          expect(count(`${kind}_START`)).toBe(count(`${kind}_END`));
        }
        expect(JSON.stringify(events)).not.toContain("secret");
      }
    },
  );

  test("sends nothing after the end", async () => {
    const parts: ChatPart[] = [finish({}), { type: "text", delta: "more" }, finish({})];
    const events = await eventsOf(partsOf(parts, []));

    expect(typesOf(events)).toEqual(["RUN_STARTED", "RUN_FINISHED"]);
  });

  test("begins with the message id of the first part", async () => {
    const events = await eventsOf(partsOf([{ type: "run-start", message_id: "m7" }], [finish({})]));

    expect(typesOf(events)).toEqual(["RUN_STARTED", "RUN_FINISHED"]);
    expect(events[0]).toMatchObject({ runId: "r", metadata: { message_id: "m7" } });
  });

  test("begins also when the parts fail before the first one", async () => {
    const events = await eventsOf(partsOf([], new Error("secret")));

    await verify(events);
    expect(typesOf(events)).toEqual(["RUN_STARTED", "RUN_ERROR"]);
  });

  test("asks the user only through clients that can resume", async () => {
    const interrupts = [{ id: "c1", message: "Which?", responseSchema: { type: "object" } }];
    const asking: ChatPart = { ...finish({}), interrupts };
    const [, asked] = await eventsOf(partsOf([asking], []));
    const [, ended] = await eventsOf(partsOf([asking], []), OLD_CLIENT);

    expect(asked).toMatchObject({
      outcome: {
        type: "interrupt",
        interrupts: [{ id: "c1", toolCallId: "c1", message: "Which?", reason: "input_required" }],
      },
    });
    expect(ended).not.toHaveProperty("outcome");
  });

  test("ends a text before a tool call, and opens none for a call alone", async () => {
    const call: ChatPart[] = [
      { type: "tool-start", id: "c1", name: "list_assets" },
      { type: "tool-end", id: "c1" },
      { type: "tool-result", id: "c1", message_id: "t1", content: "{}" },
    ];
    const start: ChatPart = { type: "step-start", message_id: "m1" };
    const spoken = await eventsOf(partsOf([start, { type: "text", delta: "Wait." }, ...call], []));
    const silent = await eventsOf(partsOf([start, ...call, finish({})], []));

    expect(typesOf(spoken).indexOf("TEXT_MESSAGE_END")).toBeLessThan(
      typesOf(spoken).indexOf("TOOL_CALL_START"),
    );
    expect(typesOf(silent)).not.toContain("TEXT_MESSAGE_START");
    expect(silent).toContainEqual(expect.objectContaining({ parentMessageId: "m1" }));
  });

  test("names the model, and omits usage without counts", async () => {
    const [, counted] = await eventsOf(partsOf([finish({ inputTokens: 3 })], []));
    const [, uncounted] = await eventsOf(partsOf([finish({})], []));

    expect(counted).toMatchObject({ usage: [{ provider: "openai", model: "gpt:1" }] });
    expect(uncounted).not.toHaveProperty("usage");
  });
});

function finish(usage: { inputTokens?: number }): Extract<ChatPart, { type: "finish" }> {
  const summary = { model: "openai:gpt:1", usage, latency_ms: 1, hits: 0 };
  return { type: "finish", summary, interrupts: [] };
}

function secretive(): AppError {
  return new AppError("chat_failed", { secret: "secret" }, { cause: new Error("secret") });
}
