import { afterAll, describe, expect, test } from "bun:test";
import { Pgmq } from "pgmq-js";
import { connect } from "../../src/db/client";
import { claimJob, finishJob, QUEUES } from "../../src/queue/queue";
import { databaseUrl } from "../support/database";
import { createCourse, createDocument } from "../support/factories";

// Our queues are plain pgmq queues: any pgmq client can read from them and send to them.
const database = await databaseUrl();
const db = connect(database.url, { max: 2 });
const { hostname: host, port, pathname, username: user } = new URL(database.url);
const pgmq = await Pgmq.new(
  { host, port: Number(port), database: pathname.slice(1), user, password: "", ssl: false, max: 2 },
  { skipExtensionCreation: true },
);
afterAll(async () => {
  await pgmq.close();
  await db.end({ timeout: 1 });
  await database.close();
});
const course_id = await createCourse(db);

describe("pgmq-js", () => {
  test("sends a job that our workers take", async () => {
    const { job_id } = await createDocument(db, course_id);
    await pgmq.queue.purge("ingest");
    const message_id = await pgmq.msg.send("ingest", { kind: "document", job_id });

    const held = await claimJob(db, QUEUES, 30);

    expect(held).toMatchObject({ job_id, message_id: String(message_id), attempt: 1 });
    await finishJob(db, held!, "failed", { code: "cancelled", message: "the test is over" });
  });

  test("reads what we send, and counts it", async () => {
    const { job_id } = await createDocument(db, course_id);

    const { queueLength } = await pgmq.queue.getMetrics("ingest");
    const read = await pgmq.msg.read<{ job_id: string }>("ingest", 30);

    expect(queueLength).toBe(1);
    expect(read?.message).toEqual({ kind: "document", job_id } as never);
    expect(read?.readCount).toBe(1);
  });
});
