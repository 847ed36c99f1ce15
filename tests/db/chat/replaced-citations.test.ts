import { expect, test } from "bun:test";
import { listMessages } from "../../../src/db/chat/chat";
import { getSession } from "../../../src/db/chat/chat-sessions";
import { SEES_ALL } from "../../../src/principal";
import { createStudiedCourse } from "../../support/chat";
import { withDatabase } from "../../support/database";

const db = await withDatabase();

test("a citation is marked as replaced while its asset has another version", async () => {
  const { course_id, document_id, lecture_id } = await createStudiedCourse(db);
  const word_segments = { segments: [{ start_ms: 0, end_ms: 9, text: "Entropy" }] };
  const [transcript] = await db<{ sha256: string }[]>`
    insert into lecture_transcripts (lecture_id, transcript_text, word_segments, token_count, provider)
    values (${lecture_id}, 'Entropy', ${db.json(word_segments)}, 1, 'import') returning sha256`;
  const [document] = await db<{ sha256: string }[]>`
    select sha256 from documents where id = ${document_id}`;
  const old = "0".repeat(64);
  const citations = [
    { number: 1, asset_id: document_id, sha256: document!.sha256 },
    { number: 2, asset_id: document_id, sha256: old },
    { number: 3, asset_id: lecture_id, sha256: transcript!.sha256 },
    { number: 4, asset_id: lecture_id, sha256: old },
    { number: 5, asset_id: document_id },
    { number: 6, asset_id: crypto.randomUUID(), sha256: old },
    { number: 7, asset_id: "not an id", sha256: old },
  ];
  const [session] = await db<{ id: string }[]>`
    with session as (insert into chat_sessions (course_id) values (${course_id}) returning id),
    question as (
      insert into chat_messages (session_id, role, content)
      select id, 'user', 'What?' from session returning id, session_id
    )
    insert into chat_messages (session_id, role, content, turn_id, step, metadata)
    select session_id, 'assistant', 'Bits [1]', id, 0,
           ${db.json({ status: "complete", citations, references: citations })}
    from question returning session_id as id`;
  const replaced = async () => {
    const { metadata } = (await listMessages(db, session!.id, SEES_ALL)).at(-1)!;
    expect(metadata.references).toEqual(metadata.citations);
    const marked = metadata.citations as { number: number; replaced?: true }[];
    return marked.filter((one) => one.replaced).map(({ number }) => number);
  };

  expect(await replaced()).toEqual([2, 4]);

  await db`update documents set sha256 = ${old} where id = ${document_id}`;
  await db`update lecture_transcripts set word_segments = '{"segments": []}' where lecture_id = ${lecture_id}`;
  expect(await replaced()).toEqual([1, 3, 4]);
  const { messages } = await getSession(db, session!.id, SEES_ALL);
  expect(messages).toEqual(await listMessages(db, session!.id, SEES_ALL));
});
