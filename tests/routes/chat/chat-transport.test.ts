// One engine: the subject is what goes over the connection.
import { describe, expect, test } from "bun:test";
import { dirname } from "node:path";
import { EventSchema } from "@ag-ui/core/schemas";
import { decode } from "@ag-ui/proto";
import { runInput, user } from "../../support/ag-ui";
import { ANSWER, createStudiedCourse, serveChat } from "../../support/chat";
import { withDatabase } from "../../support/database";
import type { Reply } from "../../support/openai";

const db = await withDatabase();
const { course_id } = await createStudiedCourse(db);

const SEARCH: Reply = {
  reasoning: "Slides may help.",
  toolCalls: [{ name: "search_slides", input: { query: "coin entropy" } }],
};
const question = () => runInput(course_id, [user("How much entropy has a coin?")]);

/** Events in AG-UI's binary form, each behind its length. */
function framesOf(bytes: Buffer): Buffer[] {
  const frames: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += 4 + bytes.readUInt32BE(at)) {
    frames.push(bytes.subarray(at + 4, at + 4 + bytes.readUInt32BE(at)));
  }
  return frames;
}

/** What came with 0.0.59 to read the binary form. */
async function oldDecoder() {
  const client = Bun.resolveSync("@ag-ui/client-0.0.59", import.meta.dir);
  return (await import(Bun.resolveSync("@ag-ui/proto", dirname(client)))).decode as typeof decode;
}

describe("the transport", () => {
  test("is binary for those who ask for it by name", async () => {
    await using server = serveChat(db, { replies: [ANSWER] });
    const headers = { accept: "application/vnd.ag-ui.event+proto" };
    const response = await server.post("/api/chat/stream", question(), { headers });
    const bytes = Buffer.from(await response.arrayBuffer());

    const types: string[] = framesOf(bytes).map((frame) => EventSchema.parse(decode(frame)).type);

    expect(response.headers.get("content-type")).toBe("application/vnd.ag-ui.event+proto");
    expect([types[0], types.at(-1)]).toEqual(["RUN_STARTED", "RUN_FINISHED"]);
  });

  test("is text for those who refuse the binary form or prefer text", async () => {
    await using server = serveChat(db, { replies: [ANSWER, ANSWER] });
    for (const weights of ["0, */*", "0.1, text/event-stream"]) {
      const headers = { accept: `application/vnd.ag-ui.event+proto;q=${weights}` };
      const response = await server.post("/api/chat/stream", question(), { headers });
      expect(response.headers.get("content-type")).toContain("text/event-stream");
      await response.body!.cancel();
    }
  });

  test("sends a binary client before 1.0 only events that it can decode", async () => {
    const decodeOld = await oldDecoder();
    await using server = serveChat(db, { replies: [SEARCH, ANSWER], api: "responses" });
    const headers = { accept: "application/vnd.ag-ui.event+proto" };
    const old = { ...question(), protocolVersion: undefined };
    const response = await server.post("/api/chat/stream", old, { headers });
    const frames = framesOf(Buffer.from(await response.arrayBuffer()));
    const types: string[] = frames.map((frame) => decodeOld(frame).type);

    expect(types).toContain("TOOL_CALL_START");
    expect(types.at(-1)).toBe("RUN_FINISHED");
  });

  test("is text for those who take anything, and is never stored or held back", async () => {
    await using server = serveChat(db, { replies: [ANSWER] });
    const response = await server.post("/api/chat/stream", question(), {
      headers: { accept: "*/*" },
    });
    await response.body!.cancel();

    expect(response.headers.get("content-type")).toStartWith("text/event-stream");
    expect(response.headers.get("cache-control")).toContain("no-transform");
  });
});
