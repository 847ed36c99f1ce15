import { AppError } from "../errors";
import type { Segment, Word } from "../text/transcript/transcript";
import type { TranscriptWarning } from "../text/transcript/transcript-warnings";
import { throwCourseMissing, throwOwnerMissing } from "./assets";
import type { Sql } from "./client";
import { type ClaimToken, claimedAsset } from "./jobs/jobs";
import { requestedBy } from "./jobs/requested-by";

export type StoredTranscript = {
  transcript_text: string;
  segments: Segment[];
  /** Empty where the provider gave no times of words. */
  words: Word[];
  language_code: string | null;
  token_count: number;
  provider: string;
  model: string | null;
};

/** A transcript that a client sent. Segments and words are JSON already, because both can have 10 MB. */
export type ImportedTranscript = Omit<StoredTranscript, "segments" | "words" | "model"> & {
  /** `{ segments, words }` as JSON. */
  word_segments: string;
};

/**
 * Stores a transcript that a job made, and the defects of its file as an event and in the lecture's
 * metadata. If the lecture is transcribed again, the transcript is a draft until it is published. False when
 * the attempt lost its job.
 */
export async function saveTranscript(
  sql: Sql,
  token: ClaimToken,
  transcript: StoredTranscript,
  warnings: readonly TranscriptWarning[] = [],
): Promise<boolean> {
  const { transcript_text, segments, words, language_code, token_count, provider, model } =
    transcript;
  const [row] = await sql<{ claimed: boolean }[]>`
    with claimed as (${claimedAsset(sql, "lecture", token)}),
    made as (
      select l.id as lecture_id, ${transcript_text}::text as transcript_text,
             ${sql.json({ segments, words } as never)}::jsonb as word_segments,
             ${language_code}::text as language_code, ${token_count}::int as token_count,
             ${provider}::text as provider, ${model}::text as model, l.retranscribing
      from claimed join lectures l on l.id = claimed.id
    ),
    saved as (
      insert into lecture_transcripts
        (lecture_id, transcript_text, word_segments, language_code, token_count, provider, model)
      select lecture_id, transcript_text, word_segments, language_code, token_count, provider, model
      from made where not retranscribing
      on conflict (lecture_id) do nothing
    ),
    drafted as (
      insert into draft_transcripts
        (lecture_id, transcript_text, word_segments, language_code, token_count, provider, model, warnings)
      select lecture_id, transcript_text, word_segments, language_code, token_count, provider, model,
             ${sql.json(warnings as never)}::jsonb
      from made where retranscribing
      on conflict (lecture_id) do nothing
    ),
    updated as (
      update lectures l set
        transcript_status = 'completed', language_code = ${language_code},
        metadata = l.metadata - 'warnings' || jsonb_build_object('transcribed_at', now())
          || ${sql.json((warnings.length > 0 ? { warnings } : {}) as never)}
      from made where l.id = made.lecture_id and not made.retranscribing
    ),
    warned as (
      select record_event('lecture', id, course_id, 'transcript_warnings',
                          ${sql.json({ warnings } as never)})
      from claimed where ${warnings.length > 0}
    )
    select exists (select from claimed) as claimed, (select count(*) from warned) as warned`;
  return row!.claimed;
}

/**
 * Stores a transcript that replaces the one of a lecture, with the defects of its file, which are an event
 * too, and queues the job that makes its chunks: one statement. The former transcript and its chunks stay in
 * use until the new chunks have their embeddings.
 *
 * @returns the new job's id
 * @throws AppError `lecture_not_found`
 */
export async function replaceTranscript(
  sql: Sql,
  lecture_id: string,
  transcript: ImportedTranscript,
  warnings: readonly TranscriptWarning[] = [],
): Promise<string> {
  const { transcript_text, word_segments, language_code, token_count, provider } = transcript;
  const [row] = await sql<{ job_id: string | null }[]>`
    select replace_transcript(
      ${requestedBy(sql, lecture_id)}, ${transcript_text}, ${word_segments}::text::jsonb,
      ${language_code}, ${token_count}, ${provider}, ${sql.json(warnings as never)}) as job_id`;
  if (!row!.job_id) throw new AppError("lecture_not_found");
  return row!.job_id;
}

export type NewTranscriptLecture = {
  course_id: string;
  title: string;
  media_url: string | null;
  /** Of personal material; null: the course's. */
  owner_id: string | null;
  /** Students see it from then on; null: at once. ISO 8601. */
  visible_from?: string | null | undefined;
};

/**
 * Inserts a lecture that has only a transcript, stores the defects of the file with it and as an event,
 * and queues the job that makes its chunks: one statement.
 *
 * @throws AppError `course_not_found`, `user_not_found`
 */
export async function requestTranscriptLecture(
  sql: Sql,
  { course_id, title, media_url, owner_id, visible_from = null }: NewTranscriptLecture,
  transcript: ImportedTranscript,
  warnings: readonly TranscriptWarning[],
): Promise<{ lecture_id: string; job_id: string }> {
  const { transcript_text, word_segments, language_code, token_count, provider } = transcript;
  const [row] = await sql<{ lecture_id: string; job_id: string }[]>`
    select lecture_id, job_id from request_transcript_lecture(
      ${requestedBy(sql, course_id)}, ${title}, ${media_url}, ${transcript_text},
      ${word_segments}::text::jsonb, ${language_code}, ${token_count}, ${provider},
      ${sql.json(warnings as never)}, ${owner_id}, ${visible_from}
    )`
    .catch(throwOwnerMissing)
    .catch(throwCourseMissing);
  return row!;
}

async function findTranscript(sql: Sql, lecture_id: string): Promise<StoredTranscript | null> {
  const [transcript] = await sql<StoredTranscript[]>`
    select t.transcript_text, t.word_segments -> 'segments' as segments,
           coalesce(t.word_segments -> 'words', '[]') as words, t.language_code, t.token_count,
           t.provider, t.model
    from lecture_transcripts t join lectures l on l.id = t.lecture_id
    where t.lecture_id = ${lecture_id} and l.deleted_at is null`;
  return transcript ?? null;
}

/**
 * The published transcript: a new one replaces it when it has its chunks and embeddings.
 *
 * @throws AppError `transcript_not_ready`
 */
export async function getTranscript(sql: Sql, lecture_id: string): Promise<StoredTranscript> {
  const transcript = await findTranscript(sql, lecture_id);
  if (!transcript) throw new AppError("transcript_not_ready");
  return transcript;
}

/** Whether the last job of a lecture still has to make a transcript. */
export async function needsTranscript(
  sql: Sql,
  { id, retranscribing }: { id: string; retranscribing: boolean },
): Promise<boolean> {
  if (!retranscribing) return !(await hasTranscript(sql, id));
  const drafts = await sql`select from draft_transcripts where lecture_id = ${id}`;
  return drafts.length === 0;
}

/** The transcript that the job of a lecture publishes, before and after its corrections. */
export type TranscriptToPublish = StoredTranscript & {
  /** Before all corrections. */
  original: { segments: Segment[]; words: Word[] };
  /** Number of changed places by correction, as applied to `segments` and `words`. */
  corrections: Record<string, number>;
  /** The published chunks are those of the same speech, possibly with other corrections. */
  corrects: boolean;
};

/** @throws AppError `transcript_not_ready` */
export async function getTranscriptToPublish(
  sql: Sql,
  lecture_id: string,
): Promise<TranscriptToPublish> {
  const [transcript] = await sql<(Omit<TranscriptToPublish, "original"> & StoredOriginal)[]>`
    with newest as (
      select transcript_text, word_segments, original, corrections, corrects, language_code, token_count,
             provider, model, 1 as place
      from draft_transcripts where lecture_id = ${lecture_id}
      union all
      select transcript_text, word_segments, original, corrections, true, language_code, token_count,
             provider, model, 2
      from lecture_transcripts where lecture_id = ${lecture_id}
      order by place limit 1
    )
    select transcript_text, word_segments -> 'segments' as segments,
           coalesce(word_segments -> 'words', '[]') as words, language_code, token_count, provider, model,
           original, corrections, corrects
    from newest`;
  if (!transcript) throw new AppError("transcript_not_ready");
  const { segments, words = [] } = transcript.original ?? transcript;
  return { ...transcript, original: { segments, words } };
}

/** Null where no correction changed the transcript: it is the original. */
type StoredOriginal = { original: { segments: Segment[]; words?: Word[] } | null };

/** A chunk that search uses, without its embedding. */
export type PublishedChunk = {
  chunk_index: number;
  start_ms: number;
  end_ms: number;
  content: string;
  metadata: { speakers?: string[] };
};

/** The chunks of a lecture, in order. */
export async function listPublishedChunks(sql: Sql, lecture_id: string): Promise<PublishedChunk[]> {
  return sql<PublishedChunk[]>`
    select chunk_index, start_ms, end_ms, content, metadata
    from lecture_chunks where lecture_id = ${lecture_id} order by chunk_index`;
}

export async function hasTranscript(sql: Sql, lecture_id: string): Promise<boolean> {
  const rows = await sql`select from lecture_transcripts where lecture_id = ${lecture_id}`;
  return rows.length > 0;
}
