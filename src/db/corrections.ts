import { AppError } from "../errors";
import type { Segment, Word } from "../text/transcript/transcript";
import type { Sql } from "./client";
import { type ClaimToken, claimedAsset } from "./jobs/jobs";
import { requestedBy } from "./jobs/requested-by";
import { afterCursor, cursorOf, type Page, type PageRequest, toPage } from "./page";

/** A correction of a word of one lecture, or a rule for all lectures of a course (`lecture_id` null). */
export type TranscriptCorrection = {
  id: string;
  lecture_id: string | null;
  /** Where the corrected word starts; null for a rule. */
  start_ms: number | null;
  /** Its place among the words with the same start, from 0; null for a rule. */
  nth_at_start: number | null;
  expected: string;
  replacement: string;
  match_case: boolean;
};

/** A correction as teachers see it. */
export type ListedCorrection = Omit<TranscriptCorrection, "nth_at_start"> & {
  /** Places of the lecture that it changes now. */
  changes: number;
  /** The author: the public part of a key, or the user. */
  key_id: string | null;
  user_id: string | null;
  created_at: string;
  undone_at: string | null;
};

/** The work that a correction started. */
export type CorrectionJobs = {
  correction_id: string;
  jobs: { lecture_id: string; job_id: string }[];
};

/** `correction_id` is null when the limit is reached. */
type CorrectionJobRow = {
  correction_id: string | null;
  lecture_id: string | null;
  job_id: string | null;
};

/**
 * The most active corrections of places of one lecture, and rules of one course. A lecture of three hours with
 * all of them is corrected in a few seconds.
 */
export const MAX_CORRECTIONS = { places: 2_000, rules: 500 };

/**
 * Stores a correction and queues the jobs that apply it: one statement.
 *
 * @param lecture_id  the corrected lecture; of a rule, the lecture whose course and owner it is for
 * @param lecture_ids  the lectures that a rule changes
 * @throws AppError `lecture_not_found`, `too_many_corrections`
 */
export async function addCorrection(
  sql: Sql,
  lecture_id: string,
  correction: Omit<TranscriptCorrection, "id" | "lecture_id">,
  author: { key_id: string | null; user_id: string | null },
  lecture_ids: readonly string[],
): Promise<CorrectionJobs> {
  const { start_ms, nth_at_start, expected, replacement, match_case } = correction;
  const kind = start_ms === null ? "rules" : "places";
  const limit = MAX_CORRECTIONS[kind];
  const rows = await sql<CorrectionJobRow[]>`
    select * from add_correction(
      ${requestedBy(sql, lecture_id)}, ${start_ms}::int, ${nth_at_start}::int, ${expected}, ${replacement}, ${match_case},
      ${author.key_id}, ${author.user_id}, ${lecture_ids as string[]}::uuid[], ${limit}::int)`;
  if (rows.length === 0) throw new AppError("lecture_not_found");
  if (rows[0]!.correction_id === null) throw new AppError("too_many_corrections", { kind, limit });
  return toJobs(rows);
}

/**
 * Undoes a correction that applies to a lecture, and queues the jobs that renew the transcripts: one statement.
 *
 * @throws AppError `correction_not_found`, also when it is undone already
 */
export async function undoCorrection(
  sql: Sql,
  lecture_id: string,
  correction_id: string,
): Promise<CorrectionJobs> {
  const rows = await sql<CorrectionJobRow[]>`
    select * from undo_correction(${requestedBy(sql, lecture_id)}, ${correction_id})`;
  if (rows.length === 0) throw new AppError("correction_not_found");
  return toJobs(rows);
}

const toJobs = (rows: readonly CorrectionJobRow[]): CorrectionJobs => ({
  correction_id: rows[0]!.correction_id!,
  jobs: rows.flatMap(({ lecture_id, job_id }) =>
    lecture_id && job_id ? [{ lecture_id, job_id }] : [],
  ),
});

/** The corrections that apply to a lecture, in the order of their application. */
export async function listActiveCorrections(
  sql: Sql,
  lecture_id: string,
): Promise<TranscriptCorrection[]> {
  return sql<TranscriptCorrection[]>`
    select id, lecture_id, start_ms, nth_at_start, expected, replacement, match_case
    from active_corrections(${lecture_id}) order by seq`;
}

/** The corrections of a lecture and the rules of its course, undone ones too, newest first. */
export async function listCorrections(
  sql: Sql,
  lecture_id: string,
  { limit, cursor }: PageRequest,
): Promise<Page<ListedCorrection>> {
  const rows = await sql<(ListedCorrection & { cursor: string })[]>`
    select listed.*, ${cursorOf(sql)} from (
      select c.id, c.lecture_id, c.start_ms, c.expected, c.replacement, c.match_case,
             coalesce((t.corrections ->> c.id::text)::int, 0) as changes,
             c.key_id, c.user_id, c.created_at, c.undone_at
      from lectures l join transcript_corrections c on c.course_id = l.course_id
        and (c.lecture_id = l.id or c.lecture_id is null and c.owner_id is not distinct from l.owner_id)
      left join lecture_transcripts t on t.lecture_id = l.id
      where l.id = ${lecture_id} and l.deleted_at is null
    ) listed
    where true ${afterCursor(sql, `corrections ${lecture_id}`, cursor)}
    order by created_at desc, id desc limit ${limit + 1}`;
  return toPage(rows, limit, `corrections ${lecture_id}`);
}

export type CourseTranscriptText = { lecture_id: string; transcript_text: string };

/**
 * Texts of the transcripts to which a rule of this lecture applies, in order of the lectures' ids.
 *
 * @param after  the last id of the batch before
 */
export async function listTranscriptTexts(
  sql: Sql,
  lecture_id: string,
  { after, limit }: { after: string | null; limit: number },
): Promise<CourseTranscriptText[]> {
  return sql<CourseTranscriptText[]>`
    select other.id as lecture_id, t.transcript_text
    from lectures l
    join lectures other on other.course_id = l.course_id and other.deleted_at is null
      and other.owner_id is not distinct from l.owner_id
    join lecture_transcripts t on t.lecture_id = other.id
    where l.id = ${lecture_id} ${after ? sql`and other.id > ${after}` : sql``}
    order by other.id limit ${limit}`;
}

export type CorrectionDraft = {
  transcript_text: string;
  segments: Segment[];
  words: Word[];
  token_count: number;
  /** Number of changed places by correction. */
  changes: Record<string, number>;
};

/**
 * Stores the corrected transcript as the draft of a lecture, with the transcript before all corrections as its
 * original.
 *
 * @returns false when the attempt no longer holds the job
 */
export async function saveCorrectedDraft(
  sql: Sql,
  token: ClaimToken,
  { transcript_text, segments, words, token_count, changes }: CorrectionDraft,
): Promise<boolean> {
  const isCorrected = Object.keys(changes).length > 0;
  const [row] = await sql<{ claimed: boolean }[]>`
    with claimed as (${claimedAsset(sql, "lecture", token)}),
    saved as (
      insert into draft_transcripts as d
        (lecture_id, transcript_text, word_segments, original, corrections, corrects, language_code,
         token_count, provider, model, warnings, created_at)
      select t.lecture_id, ${transcript_text}, ${sql.json({ segments, words } as never)},
             ${isCorrected ? sql`coalesce(t.original, t.word_segments)` : null}, ${sql.json(changes)}, true, t.language_code,
             ${token_count}::int, t.provider, t.model, coalesce(l.metadata -> 'warnings', '[]'),
             coalesce((l.metadata ->> 'transcribed_at')::timestamptz, now())
      from claimed join lectures l on l.id = claimed.id
      join lecture_transcripts t on t.lecture_id = l.id
      on conflict (lecture_id) do update set
        transcript_text = excluded.transcript_text, word_segments = excluded.word_segments,
        original = ${isCorrected ? sql`coalesce(d.original, d.word_segments)` : null}, corrections = excluded.corrections,
        token_count = excluded.token_count
    )
    select exists (select from claimed) as claimed`;
  return row!.claimed;
}
