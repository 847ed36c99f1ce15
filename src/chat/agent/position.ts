import { z } from "zod";
import { readPageChunks, readTranscriptChunks } from "../../db/chat/chat-reads";
import { parseEncodedJson } from "../../text/parse-json";
import type { PageContext } from "../request";
import type { FoundPassage } from "./cited-passages";
import { type CourseScope, toReadPassage } from "./tools";

/** The description of the context item in which a page says what the user looks at. */
const POSITION = "lectern.position";

const Position = z.object({
  asset_id: z.guid(),
  /** Position in the file, from 1. */
  page: z.int().min(1).max(1_000_000).optional(),
  time_ms: z.number().min(0).max(2_147_000_000).transform(Math.floor).optional(),
});

/** A place in an asset that a user looks at: a page of a document, or a moment of a lecture. */
export type ViewPosition = z.output<typeof Position>;

const PASSAGES = 2;
/** The sentence before a moment can have begun in the chunk before it. */
const BEFORE_MS = 20_000;
/** A moment in a pause belongs to the speech that follows. */
const AFTER_MS = 60_000;

/**
 * Separates the position from the other facts of a page. A malformed position is dropped.
 *
 * @returns `position` undefined if the page names none
 */
export function splitPosition(context: PageContext[]): {
  position: ViewPosition | undefined;
  others: PageContext[];
} {
  const isPosition = ({ description }: PageContext) => description === POSITION;
  const item = context.findLast(isPosition);
  const others = context.filter((one) => !isPosition(one));
  return { position: item && Position.safeParse(parseEncodedJson(item.value)).data, others };
}

/**
 * The passages at a position, the nearest first. Empty for an asset of another course, a hidden or unknown
 * one, and a place without text.
 */
export async function readPassagesAt(
  { db, ...course }: CourseScope,
  { asset_id, page, time_ms }: ViewPosition,
): Promise<FoundPassage[]> {
  if (page !== undefined) {
    const chunks = await readPageChunks(db, course, { document_id: asset_id, page }, PASSAGES);
    if (chunks.length > 0 || time_ms === undefined) return chunks.map(toReadPassage);
  }
  if (time_ms === undefined) return [];
  const read = (start_ms: number, end_ms: number) =>
    readTranscriptChunks(db, course, { lecture_id: asset_id, start_ms, end_ms }, PASSAGES + 1);
  const before = await read(Math.max(0, time_ms - BEFORE_MS), time_ms + 1);
  const chunks =
    before.length > 0
      ? before.reverse().slice(0, PASSAGES)
      : (await read(time_ms, time_ms + AFTER_MS)).slice(0, 1);
  return chunks.map(toReadPassage);
}
