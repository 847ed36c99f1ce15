-- 0016: which slide is shown at each moment of a lecture (docs/decisions/0042).

-- The decks that a teacher assigned to a lecture, in order. Without a row, the suggested decks are used.
create table slide_assignments (
  lecture_id   uuid primary key references lectures on delete cascade,
  -- Empty: the lecture has no slides.
  document_ids uuid[] not null,
  created_at   timestamptz not null default now()
);

-- How much of each deck is spoken in a lecture. A score is computed again when one of its checksums differs.
create table deck_scores (
  lecture_id   uuid not null references lectures on delete cascade,
  document_id  uuid not null references documents on delete cascade,
  -- 0 to 1, higher is better.
  score        real not null check (score between 0 and 1),
  -- Half of the deck's spoken terms are spoken before this time; it orders several decks.
  middle_ms    integer not null check (middle_ms >= 0),
  -- The lecture probably shows it; of several copies of a deck, only one is suggested.
  is_suggested boolean not null,
  -- Of the transcript with the slide changes, and of the pages.
  speech_hash  text not null,
  pages_hash   text not null,
  primary key (lecture_id, document_id)
);
create index deck_scores_document on deck_scores (document_id);

-- By interval, so that a slide that is shown twice has two spans.
create table slide_spans (
  lecture_id   uuid not null references lectures on delete cascade,
  document_id  uuid not null references documents on delete cascade,
  page_number  integer not null check (page_number > 0),
  start_ms     integer not null check (start_ms >= 0),
  -- Exclusive.
  end_ms       integer not null,
  -- 0 to 1; 1 for slide changes that the recording itself states.
  confidence   real not null check (confidence between 0 and 1),
  source       text not null check (source in ('speech', 'panopto')),
  -- The first words of the page and of the speech in the span, as toSearchText returns them. Empty for
  -- decks without a reliable alignment, so that search does not use them.
  page_words   text not null default '',
  spoken_words text not null default '',
  primary key (lecture_id, start_ms),
  check (end_ms > start_ms)
);
create index slide_spans_page on slide_spans (document_id, page_number, lecture_id, start_ms);

-- Lectures whose spans are out of date. Triggers insert the rows in the transaction of each change, so no
-- caller can forget it; workers claim and delete them. They are no jobs: they cost nothing, and their
-- failure does not concern the lecture.
create sequence alignment_revisions;
create table due_alignments (
  lecture_id uuid primary key references lectures on delete cascade,
  -- Differs after each change. A result for an earlier revision is not stored.
  revision   bigint not null default nextval('alignment_revisions'),
  due_at     timestamptz not null default clock_timestamp(),
  -- A worker computes it, at most until due_at.
  is_claimed boolean not null default false,
  attempts   integer not null default 0
);
create index due_alignments_order on due_alignments (due_at);

-- Makes lectures due, in a fixed order against deadlocks. Lectures that are not complete become due later,
-- with their completion.
create function request_alignments(p_lecture_ids uuid[]) returns void language plpgsql as $$
begin
  insert into due_alignments as due (lecture_id)
  select l.id from lectures l
  where l.id = any(p_lecture_ids) and l.deleted_at is null and l.status = 'completed'
  order by l.id
  on conflict (lecture_id) do update set
    revision = nextval('alignment_revisions'), attempts = 0,
    due_at = case when due.is_claimed then due.due_at else clock_timestamp() end;
  if found then perform pg_notify('alignment', ''); end if;
end
$$;

create function align_lecture_later() returns trigger language plpgsql as $$
begin
  perform request_alignments(array[new.id]);
  return null;
end
$$;
create trigger lectures_align after update of status, slide_changes, owner_id, audio_duration_seconds on lectures
  for each row when ((old.status, old.slide_changes, old.owner_id, old.audio_duration_seconds)
                     is distinct from
                     (new.status, new.slide_changes, new.owner_id, new.audio_duration_seconds))
  execute function align_lecture_later();

create function align_transcript_later() returns trigger language plpgsql as $$
begin
  perform request_alignments(array[new.lecture_id]);
  return null;
end
$$;
create trigger lecture_transcripts_align after update of word_segments on lecture_transcripts
  for each row when (old.sha256 <> new.sha256)
  execute function align_transcript_later();

-- A new deck can belong to any lecture of its course; a deleted one only to those that it was compared with.
create function align_course_later() returns trigger language plpgsql as $$
begin
  if new.deleted_at is null then
    perform request_alignments(array(
      select l.id from lectures l where l.course_id = new.course_id and l.deleted_at is null));
  else
    perform request_alignments(array(
      select s.lecture_id from deck_scores s where s.document_id = new.id));
  end if;
  return null;
end
$$;
create trigger documents_align after update of status, owner_id, deleted_at on documents
  for each row when ((new.status = 'completed' and old.status <> 'completed')
                     or old.owner_id is distinct from new.owner_id
                     or old.deleted_at is distinct from new.deleted_at)
  execute function align_course_later();

-- Assigns decks to a lecture; null returns to the suggested decks. False without such a lecture.
create function assign_slides(p_lecture_id uuid, p_document_ids uuid[]) returns boolean language plpgsql as $$
declare
  course uuid;
begin
  select l.course_id into course from lectures l
  where l.id = p_lecture_id and l.deleted_at is null for key share;
  if not found then return false; end if;
  if p_document_ids is null then
    delete from slide_assignments where lecture_id = p_lecture_id;
  else
    insert into slide_assignments (lecture_id, document_ids) values (p_lecture_id, p_document_ids)
    on conflict (lecture_id) do update set document_ids = excluded.document_ids;
  end if;
  perform record_event('lecture', p_lecture_id, course, 'slides_assigned',
                       jsonb_build_object('documents', cardinality(p_document_ids)));
  perform request_alignments(array[p_lecture_id]);
  return true;
end
$$;

-- Claims the lecture that has been due longest; no row when none is due. A claim expires after
-- p_lease_seconds, so that the lecture of a crashed worker is computed again.
create function claim_alignment(p_lease_seconds integer)
returns table (lecture_id uuid, revision bigint, attempts integer) language sql as $$
  update due_alignments due set
    is_claimed = true, attempts = due.attempts + 1,
    due_at = clock_timestamp() + make_interval(secs => p_lease_seconds)
  where due.lecture_id = (
    select d.lecture_id from due_alignments d where d.due_at <= clock_timestamp()
    order by d.due_at limit 1 for update skip locked)
  returning due.lecture_id, due.revision, due.attempts;
$$;

create aggregate merge_tsvectors(tsvector) (sfunc = tsvector_concat, stype = tsvector, initcond = '');

-- The words that a span adds to a chunk, labelled B when the span is confident (CONFIDENT in src), else C.
create function context_vector(p_config regconfig, p_words text, p_confidence real) returns tsvector
language sql immutable strict parallel safe as $$
  select setweight(search_vector(p_config, p_words), case when p_confidence >= 0.1 then 'B' else 'C' end::"char");
$$;

-- Adds the words of the shown slides to the words that search finds the chunks of a lecture by: of the two
-- pages that are shown longest during the chunk, each for at least a quarter of it. Fails when a job has locked
-- a chunk: a deadlock could end the job, and the alignment is tried again.
create function enrich_lecture(p_lecture_id uuid) returns void language sql as $$
  with context as (
    select c.id, (
      select nullif(merge_tsvectors(context_vector(c.text_config, page.words, page.confidence)), '')
      from (
        select min(s.page_words) as words, max(s.confidence) as confidence
        from slide_spans s
        where s.lecture_id = c.lecture_id and s.start_ms < c.end_ms and s.end_ms > c.start_ms
          and s.page_words <> ''
        group by s.document_id, s.page_number
        having 4 * sum(least(s.end_ms, c.end_ms) - greatest(s.start_ms, c.start_ms)) >= c.end_ms - c.start_ms
        order by sum(least(s.end_ms, c.end_ms) - greatest(s.start_ms, c.start_ms)) desc,
                 s.document_id, s.page_number limit 2
      ) page) as tsv
    from lecture_chunks c where c.lecture_id = p_lecture_id
  ), changed as (
    select context.* from context join lecture_chunks c on c.id = context.id
    where c.context_tsv is distinct from context.tsv for update of c nowait
  )
  update lecture_chunks c set context_tsv = changed.tsv from changed where c.id = changed.id;
$$;

-- Adds the words spoken over the pages of documents to the words that search finds their chunks by. A personal
-- lecture adds to documents of its owner only. The lock lets one lecture at a time do so, because several can
-- show one deck.
create function enrich_documents(p_document_ids uuid[]) returns void language plpgsql as $$
begin
  perform pg_advisory_xact_lock(hashtextextended('enrich:' || d.course_id::text, 0))
  from documents d where d.id = any(p_document_ids) limit 1;
  with context as (
    select c.id, (
      select nullif(merge_tsvectors(context_vector(c.text_config, span.spoken_words, span.confidence)), '')
      from (
        select s.spoken_words, s.confidence
        from slide_spans s join lectures l on l.id = s.lecture_id
        where s.document_id = d.id and s.page_number between c.page_number and c.page_end
          and s.spoken_words <> ''
          and l.deleted_at is null and (l.owner_id is null or l.owner_id = d.owner_id)
        order by s.confidence desc, s.lecture_id, s.start_ms limit 4
      ) span) as tsv
    from documents d join slide_chunks c on c.document_id = d.id
    where d.id = any(p_document_ids)
  ), changed as (
    select context.* from context join slide_chunks c on c.id = context.id
    where c.context_tsv is distinct from context.tsv for update of c nowait
  )
  update slide_chunks c set context_tsv = changed.tsv from changed where c.id = changed.id;
end
$$;

-- Makes a deleted lecture due, which removes its words from the search words of its decks.
create function forget_lecture_later() returns trigger language plpgsql as $$
begin
  insert into due_alignments (lecture_id) select new.id
  where exists (select from slide_spans s where s.lecture_id = new.id)
  on conflict (lecture_id) do nothing;
  if found then perform pg_notify('alignment', ''); end if;
  return null;
end
$$;
create trigger lectures_forget after update of deleted_at on lectures
  for each row when (new.deleted_at is not null and old.deleted_at is null)
  execute function forget_lecture_later();

-- Stores the spans and the scores of a lecture in place of the former ones. Returns false and stores nothing when
-- something changed since the claim: the lecture is then due again.
create function save_alignment(p_lecture_id uuid, p_revision bigint, p_spans jsonb, p_scores jsonb)
returns boolean language plpgsql as $$
declare
  course uuid;
  former jsonb;
  decks  uuid[];
begin
  select l.course_id into course from lectures l
  where l.id = p_lecture_id and l.deleted_at is null for key share;
  delete from due_alignments where lecture_id = p_lecture_id and (course is null or revision = p_revision);
  if not found then
    update due_alignments set is_claimed = false, due_at = clock_timestamp()
    where lecture_id = p_lecture_id and is_claimed;
    if found then perform pg_notify('alignment', ''); end if;
    return false;
  end if;
  decks := array(select distinct s.document_id from slide_spans s where s.lecture_id = p_lecture_id);
  if course is null then
    perform enrich_documents(decks);
    return false;
  end if;

  delete from deck_scores where lecture_id = p_lecture_id;
  insert into deck_scores (lecture_id, document_id, score, middle_ms, is_suggested, speech_hash, pages_hash)
  select p_lecture_id, s.document_id, s.score, s.middle_ms, s.is_suggested, s.speech_hash, s.pages_hash
  from jsonb_to_recordset(p_scores) as s (document_id uuid, score real, middle_ms integer, is_suggested boolean,
                                          speech_hash text, pages_hash text)
  where exists (select from documents d where d.id = s.document_id);

  former := (select jsonb_agg(to_jsonb(s) order by s.start_ms) from slide_spans s
             where s.lecture_id = p_lecture_id);
  delete from slide_spans where lecture_id = p_lecture_id;
  insert into slide_spans (lecture_id, document_id, page_number, start_ms, end_ms, confidence, source,
                           page_words, spoken_words)
  select p_lecture_id, s.document_id, s.page_number, s.start_ms, s.end_ms, s.confidence, s.source,
         s.page_words, s.spoken_words
  from jsonb_to_recordset(p_spans) as s (document_id uuid, page_number integer, start_ms integer,
                                         end_ms integer, confidence real, source text,
                                         page_words text, spoken_words text)
  where exists (select from documents d where d.id = s.document_id and d.deleted_at is null);
  if former is distinct from (select jsonb_agg(to_jsonb(s) order by s.start_ms) from slide_spans s
                              where s.lecture_id = p_lecture_id) then
    perform record_event('lecture', p_lecture_id, course, 'slides_aligned', jsonb_build_object(
      'spans', (select count(*) from slide_spans where lecture_id = p_lecture_id)));
  end if;
  perform enrich_lecture(p_lecture_id);
  perform enrich_documents(decks || array(
    select s.document_id from slide_spans s where s.lecture_id = p_lecture_id));
  return true;
end
$$;
