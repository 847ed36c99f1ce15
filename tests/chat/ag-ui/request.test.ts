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

  const id = "upload-7";
  const UNREADABLE = { type: "file", value: "unreadable" };
  test.each([
    [
      { type: "binary", mimeType: "audio/mpeg", id },
      "audio",
      { type: "file", value: id, mimeType: "audio/mpeg" },
    ],
    [
      { type: "binary", mimeType: "image/png", data: "AA", id },
      "image",
      { type: "data", value: "AA", mimeType: "image/png" },
    ],
    [{ type: "binary", mimeType: "application/pdf" }, "document", UNREADABLE],
    [{ type: "binary", mimeType: "image/png", url: "", data: "" }, "image", UNREADABLE],
    [
      { type: "document", source: { type: "file", value: id } },
      "document",
      { type: "file", value: id },
    ],
    [{ type: "image", source: { type: "url" } }, "image", UNREADABLE],
    [{ type: "video" }, "video", UNREADABLE],
    [{ type: "input_audio", input_audio: { data: "AA" } }, "document", UNREADABLE],
  ])("accepts the part %j as %s", (part, type, source) => {
    const messages = [{ id: "q", role: "user", content: [{ type: "text", text: "This?" }, part] }];
    const asked = readChatRequest({ ...run, messages }, {});

    expect(asked.messages).toEqual([
      {
        id: "q",
        role: "user",
        content: [
          { type: "text", text: "This?" },
          { type, source },
        ],
      },
    ] as never);
  });

  test.each([
    [{ thread_id: "t", run_id: "r", messages: [] }, ["thread_id", "run_id"]],
    [{ thread_id: "t", message: "Coins?", course_id }, ["thread_id"]],
    [{ ...run, forwardedProps: undefined, forwarded_props: { course_id } }, []],
    [{ threadId: "t", runId: "r", messages: [], forwarded_props: {} }, ["forwarded_props"]],
  ])("names the fields of %j that are in snake case", (body, paths) => {
    const read = () => readChatRequest(body, { course_id });
    if (paths.length === 0) return expect(read).not.toThrow();
    expect(read).toThrow(
      expect.objectContaining({
        errorCode: "request_invalid",
        details: { fields: paths.map((path) => expect.objectContaining({ path })) },
      }),
    );
  });

  test.each(["", " ", "\n"])(
    "refuses the thread %j, which all callers without one would share",
    (id) => {
      const body = { ...run, threadId: id };
      expect(() => readChatRequest(body, {})).toThrow(
        expect.objectContaining({
          errorCode: "request_invalid",
          details: { fields: [{ path: "threadId", message: expect.stringContaining("blank") }] },
        }),
      );
      const forwardedProps = { course_id, session_id: course_id };
      expect(readChatRequest({ ...body, forwardedProps }, {}).session_id).toBe(course_id);
    },
  );

  test("passes on the state of the page without the fields that our events write", () => {
    const state = { course_id, references: [], last_message_id: null, chapter: 3 };

    expect(readChatRequest({ ...run, state }, {}).sharedState).toEqual({ chapter: 3 });
    expect(readChatRequest({ ...run, state: { course_id } }, {}).sharedState).toBeUndefined();
  });

  test.each([
    ["1.0", undefined, true],
    ["1.0", false, false],
    [undefined, true, true],
    [undefined, "yes", false],
    [undefined, undefined, false],
  ])(
    "takes from version %p and interrupts %p whether the client can resume",
    (protocolVersion, interrupts, expected) => {
      const forwardedProps = { course_id, interrupts };
      const { client } = readChatRequest({ ...run, protocolVersion, forwardedProps }, {});

      expect(client.interrupts).toBe(expected);
      expect(client.cancelledOutcome).toBe(protocolVersion === "1.0");
    },
  );
});
