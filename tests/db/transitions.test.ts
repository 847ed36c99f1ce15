import { describe, expect, test } from "bun:test";
import { withDatabase } from "../support/database";
import { createCourse, createDocument } from "../support/factories";

const db = await withDatabase();
const course_id = await createCourse(db);

type Guarded = {
  entity: string;
  states: string[];
  move: (from: string, to: string) => Promise<void>;
};

/** Sets both states with the triggers off for the first, so that every pair can be asked. */
async function moveDocument(from: string, to: string): Promise<void> {
  const { document_id } = await createDocument(db, course_id);
  await db`
    with off as (select set_config('session_replication_role', 'replica', true))
    update documents set status = ${from}, status_reason = 'x' from off where id = ${document_id}`;
  await db`update documents set status = ${to}, status_reason = 'x' where id = ${document_id}`;
}

async function moveDocumentJob(from: string, to: string): Promise<void> {
  const { job_id } = await createDocument(db, course_id);
  const ended = { error_message: "x", finished_at: new Date().toISOString() };
  await db`
    with off as (select set_config('session_replication_role', 'replica', true))
    update jobs set job_state = ${from}, error_message = 'x', finished_at = now(),
                    next_attempt_at = null
    from off where id = ${job_id}`;
  // The document's own status is another guard; here only the job's is asked.
  await db`alter table jobs disable trigger jobs_document_moved`;
  try {
    await db`update jobs set ${db({ job_state: to, ...ended })} where id = ${job_id}`;
  } finally {
    await db`alter table jobs enable trigger jobs_document_moved`;
  }
}

async function moveLectureJob(from: string, to: string): Promise<void> {
  const [row] = await db`
    select job_id from request_lecture(${course_id}, ${crypto.randomUUID()}, 'u', null, true, 'normal', null)`;
  await db`
    with off as (select set_config('session_replication_role', 'replica', true))
    update jobs set job_state = ${from}, error_message = 'x', finished_at = now(),
                    next_attempt_at = null
    from off where id = ${row!.job_id}`;
  await db`update jobs set job_state = ${to} where id = ${row!.job_id}`;
}

const GUARDED: Guarded[] = [
  {
    entity: "document",
    states: ["uploaded", "described", "embedding", "completed", "failed"],
    move: moveDocument,
  },
  {
    entity: "document_job",
    states: ["pending", "describing", "embedding", "completed", "failed"],
    move: moveDocumentJob,
  },
  {
    entity: "lecture_job",
    states: ["pending", "downloading", "transcribing", "embedding", "completed", "failed"],
    move: moveLectureJob,
  },
];

describe.each(GUARDED)("the status of a $entity", ({ entity, states, move }) => {
  test("moves exactly along the table of transitions", async () => {
    const rows =
      await db`select from_status, to_status from status_transitions where entity = ${entity}`;
    const legal = new Set(rows.map(({ from_status, to_status }) => `${from_status} ${to_status}`));
    const moved = new Set<string>();

    for (const from of states) {
      for (const to of states.filter((state) => state !== from)) {
        await move(from, to).then(
          () => moved.add(`${from} ${to}`),
          (error) => expect(error).toMatchObject({ code: "23514" }),
        );
      }
    }

    expect([...moved].sort()).toEqual([...legal].sort());
  });
});

test("each move of a document leaves one event, in order", async () => {
  const { document_id } = await createDocument(db, course_id);
  await db`update documents set status = 'described' where id = ${document_id}`;
  await db`update documents set title = 'Entropy' where id = ${document_id}`;

  const events = await db`
    select event_type, payload->>'to' as status from processing_events
    where asset_id = ${document_id} order by id`;

  expect(events.map(({ event_type, status }) => `${event_type} ${status}`)).toEqual([
    "status uploaded",
    "status described",
  ]);
});
