import { z } from "zod";
import { findOwner } from "../../db/access/owners";
import { withoutHiddenSpeech } from "../../db/access/visible-transcript";
import type { Sql } from "../../db/client";
import { getDocument, listDocuments } from "../../db/documents";
import { getLecture, listLectures } from "../../db/lectures";
import { listDescriptions } from "../../db/slides";
import { getTranscript } from "../../db/transcripts";
import { AppError } from "../../errors";
import { toVtt } from "../../text/transcript/write-captions";
import type { McpScope } from "./tools";

export type McpResource = {
  uri: string;
  name: string;
  title: string;
  description?: string;
  mimeType: string;
};
export type McpResourceText = { uri: string; mimeType: string; text: string };

/** Addresses of resources, as templates of RFC 6570. */
export const RESOURCE_TEMPLATES = [
  {
    uriTemplate: "lectern://lectures/{lecture_id}/transcript",
    name: "transcript",
    title: "Transcript of a lecture",
    description: "What was said, as WebVTT with times",
    mimeType: "text/vtt",
  },
  {
    uriTemplate: "lectern://documents/{document_id}",
    name: "deck",
    title: "Slide deck",
    description: "The text of all pages",
    mimeType: "text/markdown",
  },
  {
    uriTemplate: "lectern://documents/{document_id}/pages/{page_number}",
    name: "page",
    title: "Page of a slide deck",
    description: "The text of one page; page_number is the position in the file, from 1",
    mimeType: "text/markdown",
  },
];

const PAGE_SIZE = 100;

/** Lists the completed documents, then the completed lectures, newest first. */
export async function listResources(
  db: Sql,
  { course_id, course_ids, viewer }: McpScope,
  cursor: string | undefined,
): Promise<{ resources: McpResource[]; nextCursor?: string }> {
  const [, kind, after] = /^(documents|lectures):(.*)$/.exec(cursor ?? "documents:") ?? [];
  if (!kind) {
    const fields = [{ path: "cursor", message: "not a cursor of this list" }];
    throw new AppError("request_invalid", { fields });
  }
  const filter = { course_id, course_ids, viewer, status: "completed" as const };
  const page = { limit: PAGE_SIZE, ...(after && { cursor: after }) };
  if (kind === "documents") {
    const { items, next_cursor } = await listDocuments(db, filter, page);
    const resources = items.map(({ id, title, filename }) => ({
      uri: `lectern://documents/${id}`,
      name: filename,
      title: title ?? filename,
      mimeType: "text/markdown",
    }));
    return { resources, nextCursor: next_cursor ? `documents:${next_cursor}` : "lectures:" };
  }
  const { items, next_cursor } = await listLectures(db, filter, page);
  const resources = items.map(({ id, title }) => ({
    uri: `lectern://lectures/${id}/transcript`,
    name: `${title ?? id}.vtt`,
    title: title ?? "Lecture",
    mimeType: "text/vtt",
  }));
  return { resources, ...(next_cursor && { nextCursor: `lectures:${next_cursor}` }) };
}

const Address = z
  .string()
  .max(200)
  .regex(
    /^lectern:\/\/(?:lectures\/[0-9a-fA-F-]{36}\/transcript|documents\/[0-9a-fA-F-]{36}(?:\/pages\/[1-9]\d{0,5})?)$/,
  );

/**
 * Reads a transcript, a deck or one page.
 *
 * @throws AppError `lecture_not_found`, `document_not_found`, `page_not_found`, `transcript_not_ready`;
 *   null: no template matches the address
 */
export async function readResource(
  db: Sql,
  scope: McpScope,
  uri: string,
): Promise<McpResourceText | null> {
  if (!Address.safeParse(uri).success) return null;
  const [, , kind, id, , page] = uri.toLowerCase().split("/") as [
    string,
    string,
    "lectures" | "documents",
    string,
    string?,
    string?,
  ];
  if (kind === "lectures") {
    await requireVisible(db, scope, "lecture", id);
    const { id: lecture_id } = await getLecture(db, id);
    const stored = await getTranscript(db, lecture_id);
    const { segments } = await withoutHiddenSpeech(db, lecture_id, scope.viewer, stored);
    return { uri, mimeType: "text/vtt", text: toVtt(segments) };
  }
  await requireVisible(db, scope, "document", id);
  const { id: document_id } = await getDocument(db, id);
  const range = page === undefined ? {} : { after: Number(page) - 1, limit: 1 };
  const found = await listDescriptions(db, document_id, scope.viewer, range);
  const pages = found.filter(
    ({ page_number }) => page === undefined || page_number === Number(page),
  );
  if (page !== undefined && pages.length === 0) throw new AppError("page_not_found");
  const text = pages.map(
    ({ page_number, normalized_description }) =>
      `## Page ${page_number}\n\n${normalized_description.trim()}\n`,
  );
  return { uri, mimeType: "text/markdown", text: text.join("\n") };
}

/** An asset of a course that the caller cannot reach does not exist for the caller. */
async function requireVisible(
  db: Sql,
  { course_id, course_ids, viewer }: McpScope,
  kind: "lecture" | "document",
  id: string,
): Promise<void> {
  const owner = await findOwner(db, kind, id, viewer);
  const isReachable =
    owner !== null &&
    owner !== undefined &&
    (course_id === undefined || owner.course_id === course_id) &&
    (course_ids === null || course_ids.includes(owner.course_id));
  if (!isReachable) throw new AppError(`${kind}_not_found`);
}
