import type { Sql } from "../../src/db/client";
import { insertCourse } from "../../src/db/courses";
import { addUnclaimedFile } from "../../src/db/document-files";
import { type DocumentAccepted, requestDocument } from "../../src/db/documents";
import { openLog } from "../../src/log";

/** For code that logs; what it would say is not what the tests are about. */
export const silentLog = openLog("silent");

export async function createCourse(db: Sql, name = "Information theory"): Promise<string> {
  return (await insertCourse(db, { name })).id;
}

/** A document with its queued job, but without a file. */
export async function createDocument(
  db: Sql,
  course_id: string,
  { priority = "normal" as "normal" | "high" } = {},
): Promise<DocumentAccepted> {
  const id = crypto.randomUUID();
  const sha256 = new Bun.CryptoHasher("sha256").update(id).digest("hex");
  await addUnclaimedFile(db, id);
  return requestDocument(db, {
    id,
    course_id,
    priority,
    sha256,
    filename: "entropy.pdf",
    title: null,
    storage_url: `documents/${id}.pdf`,
    size_bytes: 9,
  });
}
