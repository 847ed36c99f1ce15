import { describe, expect, test } from "bun:test";
import { readChatRequest } from "../../../src/chat/ag-ui/request";

const course_id = "6f0f0c7b-6a52-4c0e-9a43-6d1f0f0c7b11";
const run = { threadId: "t", runId: "r", messages: [], forwardedProps: { course_id } };

describe("readChatRequest", () => {
  test.each([course_id, JSON.stringify(course_id)])("reads a page's course, %s", (value) => {
    const context = [{ description: "course_id", value }];
    const asked = readChatRequest({ ...run, forwardedProps: {}, context }, {});

    expect(asked.course_id).toBe(course_id);
  });

  test("takes null for absent wherever older clients write it", () => {
    const call = { id: "c", type: "function", function: { name: "draw", arguments: "{}" } };
    const source = { type: "url", value: "https://uni.example/coin.png" };
    const messages = [
      { id: "q", role: "user", name: null, content: [{ type: "image", metadata: null, source }] },
      { id: "a", role: "assistant", content: null, toolCalls: [{ ...call, encryptedValue: null }] },
      { id: "t", role: "tool", toolCallId: "c", content: "drawn", error: null },
    ];
    const tools = [{ name: "draw", description: "Draws", parameters: null }];
    const asked = readChatRequest({ ...run, messages, tools, state: null, resume: null }, {});

    expect(asked.messages).toEqual([
      { id: "q", role: "user", content: [{ type: "image", source }] },
      { id: "a", role: "assistant", toolCalls: [call] },
      { id: "t", role: "tool", toolCallId: "c", content: "drawn" },
    ] as never);
    expect(asked.tools).toEqual([{ name: "draw", description: "Draws" }]);
  });
});
