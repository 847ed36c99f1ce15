import { describe, expect, test } from "bun:test";
import { readEvents, runInput, user } from "../../support/ag-ui";
import { ANSWER, createStudiedCourse, serveChat } from "../../support/chat";
import { withDatabase } from "../../support/database";

const db = await withDatabase();
const { course_id } = await createStudiedCourse(db);

const KEY = "the-key-of-the-course-website-0123456789";

/** Asks one question in a thread, and returns the input of a reload that names no course. */
async function startThread(server: ReturnType<typeof serveChat>, course: string, threadId: string) {
  const input = runInput(course, [user("Coins?")], { threadId });
  const headers = { authorization: `Bearer ${KEY}` };
  await readEvents(await server.post("/api/chat/stream", input, { headers }));
  return { ...input, runId: crypto.randomUUID(), messages: [], forwardedProps: {} };
}

describe("a thread", () => {
  test.each(["a UUID", "a name"])("with %s determines its course", async (kind) => {
    await using server = serveChat(db, { replies: [ANSWER, ANSWER] });
    const threadId = kind === "a UUID" ? crypto.randomUUID() : `thread of ${crypto.randomUUID()}`;
    const reload = await startThread(server, course_id, threadId);
    const events = await readEvents(await server.post("/api/chat/stream", reload));
    const asked = { ...reload, messages: [user("And dice?")] };
    const next = await readEvents(await server.post("/api/chat/stream", asked));

    expect(JSON.stringify(events)).toContain(ANSWER.text);
    for (const run of [events, next]) {
      expect(run[0]!.metadata.run_metadata.course_id).toBe(course_id);
      expect(run.at(-1)!.type).toBe("RUN_FINISHED");
    }
    expect(next[0]!.metadata.session_id).toBe(events[0]!.metadata.session_id);
  });

  test("determines its course for the plain body too", async () => {
    await using server = serveChat(db, { replies: [ANSWER, { text: "Six." }] });
    const { threadId: session_id } = await startThread(server, course_id, crypto.randomUUID());
    const response = await server.post("/api/chat", { session_id, message: "Dice?" });

    expect(await response.json()).toMatchObject({ session_id, content: "Six." });
  });

  test("that does not exist needs a course", async () => {
    await using server = serveChat(db);
    for (const threadId of [crypto.randomUUID(), "unknown"]) {
      const input = { ...runInput(course_id, []), threadId, forwardedProps: {} };
      const response = await server.post("/api/chat/stream", input);

      expect(response.status).toBe(422);
      expect(await response.json()).toMatchObject({ details: { fields: [{ path: "course_id" }] } });
    }
  });

  test("with a name of two courses needs a course", async () => {
    await using server = serveChat(db, { replies: [ANSWER, ANSWER] });
    const other = await createStudiedCourse(db);
    const name = `thread of ${crypto.randomUUID()}`;
    await startThread(server, course_id, name);
    const reload = await startThread(server, other.course_id, name);
    const response = await server.post("/api/chat/stream", reload);

    expect(response.status).toBe(422);
    const { details } = await response.json();
    expect(details.fields).toMatchObject([
      { path: "course_id", message: expect.stringContaining("several courses") },
    ]);
  });

  test("of another user does not exist", async () => {
    await using server = serveChat(db, { replies: [ANSWER], key: KEY });
    const threadId = crypto.randomUUID();
    const headersOf = (name: string) => ({
      authorization: `Bearer ${KEY}`,
      "x-user-id": `${name}-${threadId}`,
    });
    const input = runInput(course_id, [user("Coins?")], { threadId });
    const headers = headersOf("ann");
    await readEvents(await server.post("/api/chat/stream", input, { headers }));
    const reload = { ...input, messages: [], forwardedProps: {} };
    const own = await server.post("/api/chat/stream", reload, { headers });
    const foreign = await server.post("/api/chat/stream", reload, { headers: headersOf("bob") });

    expect(own.status).toBe(200);
    await own.body?.cancel();
    expect(foreign.status).toBe(422);
  });
});
