import { afterAll, describe, expect, test } from "bun:test";
import { CLIENTS, readEvents, runInput, typesOf, user, verify } from "../support/ag-ui";
import { createStudiedCourse, serveChat } from "../support/chat";
import { migratedDatabase } from "../support/database";

const db = await migratedDatabase();
afterAll(() => db.end());
const { course_id } = await createStudiedCourse(db);

const SEARCH = { toolCalls: [{ name: "search_slides", input: { query: "coin entropy" } }] };
const ANSWER = { text: "A fair coin has one bit of entropy [1]." };

describe("POST /api/chat/stream", () => {
  test("searches, answers and cites", async () => {
    await using server = serveChat(db, { replies: [SEARCH, ANSWER] });
    const response = await server.post("/api/chat/stream", runInput(course_id, [user("Coins?")]));
    const events = await readEvents(response);
    console.log(JSON.stringify(events, null, 1));

    await verify(events);
    expect(typesOf(events)[0]).toBe("RUN_STARTED");
  });
});
