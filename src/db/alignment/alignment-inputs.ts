import type { Segment, Word } from "../../text/transcript/transcript";
import type { Sql } from "../client";
import type { SlideChange } from "../lectures";

/** A lecture as the alignment reads it. */
export type AlignedLecture = {
  id: string;
  /** Empty without a transcript. */
  transcript_text: string;
  language_code: string | null;
  segments: Segment[];
  /** Empty where the provider gave no times of words. */
  words: Word[];
  slide_changes: SlideChange[];
  audio_duration_seconds: number | null;
  /** The decks that a teacher assigned; null: the suggested ones. */
  assigned: string[] | null;
  /** Of the transcript and the slide changes. */
  speech_hash: string;
};

/** Null for a deleted lecture. */
export async function findAlignedLecture(
  sql: Sql,
  lecture_id: string,
): Promise<AlignedLecture | null> {
  const [lecture] = await sql<AlignedLecture[]>`
    select l.id, coalesce(t.transcript_text, '') as transcript_text,
           coalesce(t.language_code, l.language_code) as language_code,
           coalesce(t.word_segments -> 'segments', '[]') as segments,
           coalesce(t.word_segments -> 'words', '[]') as words,
           l.slide_changes, l.audio_duration_seconds, a.document_ids as assigned,
           md5(coalesce(t.sha256, '') || l.slide_changes::text) as speech_hash
    from lectures l
    left join lecture_transcripts t on t.lecture_id = l.id
    left join slide_assignments a on a.lecture_id = l.id
    where l.id = ${lecture_id} and l.deleted_at is null`;
  return lecture ?? null;
}

/** A deck that a lecture can show, with its last score. */
export type CandidateDeck = {
  document_id: string;
  pages_hash: string;
  /** The stored score; null if the deck or the lecture has changed since. */
  score: number | null;
  middle_ms: number | null;
};

/**
 * The published decks of a lecture's course, newest first. A personal deck belongs to lectures of the same
 * owner only.
 */
export function listCandidateDecks(
  sql: Sql,
  { id, speech_hash }: AlignedLecture,
  limit: number,
): Promise<CandidateDeck[]> {
  return sql<CandidateDeck[]>`
    select deck.document_id, deck.pages_hash, s.score, s.middle_ms
    from (
      select d.id as document_id, d.created_at, (
        select md5(string_agg(md5(concat(p.page_number, p.metadata->>'title', '|',
                                         p.normalized_description)), ',' order by p.page_number))
        from slide_descriptions p where p.document_id = d.id) as pages_hash
      from lectures l join documents d on d.course_id = l.course_id
      where l.id = ${id} and d.deleted_at is null and has_published(d.id)
        and (d.owner_id is null or d.owner_id = l.owner_id)
    ) deck
    left join deck_scores s on s.lecture_id = ${id} and s.document_id = deck.document_id
      and s.speech_hash = ${speech_hash} and s.pages_hash = deck.pages_hash
    where deck.pages_hash is not null
    order by deck.created_at desc, deck.document_id limit ${limit}`;
}

export type DeckPage = { page_number: number; title: string | null; text: string };

/** PostgreSQL refuses a text with more than 1 MB of different words. No slide comes close to this length. */
const MAX_PAGE_CHARS = 20_000;

/** The pages of a deck in order. */
export function listDeckPages(sql: Sql, document_id: string): Promise<DeckPage[]> {
  return sql<DeckPage[]>`
    select page_number, metadata->>'title' as title,
           left(normalized_description, ${MAX_PAGE_CHARS}) as text
    from slide_descriptions where document_id = ${document_id} order by page_number`;
}
