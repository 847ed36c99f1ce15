import { afterEach, beforeEach, describe, expect, jest, test } from "bun:test";
import { type AGUIEvent, EventType } from "@ag-ui/core";
import { AGUI_MEDIA_TYPE } from "@ag-ui/encoder";
import { toAgUiResponse } from "../../../src/routes/chat/ag-ui-stream";
import { CLIENTS, user } from "../../support/ag-ui";

beforeEach(() => void jest.useFakeTimers());
afterEach(() => void jest.useRealTimers());

const run = { threadId: "t", runId: "r" };
const messageId = "m";
const STARTED: AGUIEvent = { type: EventType.RUN_STARTED, ...run };
const OPENED: AGUIEvent = { type: EventType.TEXT_MESSAGE_START, messageId, role: "assistant" };
const TEXT: AGUIEvent = { type: EventType.TEXT_MESSAGE_CONTENT, messageId, delta: "Hello" };
const CLOSED: AGUIEvent = { type: EventType.TEXT_MESSAGE_END, messageId };
const FINISHED: AGUIEvent = { type: EventType.RUN_FINISHED, ...run };

/** A binary stream whose batches the test sends. */
async function openBinary() {
  const queue: PromiseWithResolvers<AGUIEvent[] | null>[] = [Promise.withResolvers()];
  async function* batches() {
    for (;;) {
      const batch = await queue.at(-1)!.promise;
      queue.push(Promise.withResolvers());
      if (batch === null) return;
      yield batch;
    }
  }
  const client = { interrupts: true, cancelledOutcome: true, reasoning: true };
  const reader = { accept: AGUI_MEDIA_TYPE, baseUrl: "http://h", client, onGone() {} };
  const response = await toAgUiResponse(batches(), reader);
  const send = async (batch: AGUIEvent[] | null) => {
    queue.at(-1)!.resolve(batch);
    for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
  };
  return { response, send };
}

describe("a silent binary stream", () => {
  test.each(CLIENTS)(
    "sends heartbeats that the client of %s accepts and does not show",
    async (_, Client) => {
      const { response, send } = await openBinary();
      const agent = new Client({ url: "http://h", fetch: async () => response });
      agent.setMessages([user("Hello?")]);
      const types: string[] = [];
      const running = agent.runAgent({}, { onEvent: ({ event }) => void types.push(event.type) });
      await send([STARTED, OPENED, TEXT]);
      while (!types.includes("TEXT_MESSAGE_CONTENT")) await new Promise(setImmediate);
      jest.advanceTimersByTime(5_000);
      await send([TEXT, CLOSED, FINISHED]);
      await send(null);
      const { newMessages } = await running;

      expect(types).toContain("RAW");
      expect(types.at(-1)).toBe("RUN_FINISHED");
      expect(newMessages).toMatchObject([{ id: "m", role: "assistant", content: "HelloHello" }]);
    },
  );

  test("sends none before its first event and after its last one", async () => {
    const { response, send } = await openBinary();
    const reader = response.body!.getReader();
    const first = reader.read();
    jest.advanceTimersByTime(60_000);
    await send([STARTED, FINISHED]);
    const { value } = await first;
    const last = reader.read();
    jest.advanceTimersByTime(60_000);
    await send(null);

    expect(Buffer.from(value!).toString("latin1")).not.toContain("heartbeat");
    expect((await last).done).toBe(true);
  });
});
