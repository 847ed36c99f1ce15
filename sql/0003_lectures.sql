-- 0003: lectures, their transcripts and their searchable chunks.
--
-- Positions inside a recording are whole milliseconds from its start (*_ms).
-- The database stores no audio, only its checksum, its duration and the id of an uploaded file.

create table lectures (
  id                     uuid primary key default gen_random_uuid(),
  course_id              uuid not null references courses on delete cascade,
  source                 text not null check (source in ('panopto', 'upload', 'transcript')),
  panopto_session_id     text,
  panopto_url            text,
  -- The address of a recording outside Panopto; only citations use it.
  media_url              text check (media_url ~ '^https?://'),
  title                  text,
  transcription          boolean not null default true,
  -- A copy of the last job's state. Only update_lecture_from_job writes it.
  status                 text not null default 'pending'
                         check (status in ('pending', 'downloading', 'transcribing',
                                           'embedding', 'completed', 'failed')),
  status_reason          text,
  audio_duration_seconds integer check (audio_duration_seconds >= 0),
  -- SHA-256 of the MP3 that was made of the recording.
  audio_sha256           text check (audio_sha256 ~ '^[0-9a-f]{64}$'),
  language_code          text,
  transcript_status      text not null default 'pending'
                         check (transcript_status in ('pending', 'processing', 'completed',
                                                      'failed', 'skipped')),
  embed_status           text not null default 'pending'
                         check (embed_status in ('pending', 'processing', 'completed',
                                                 'failed', 'skipped')),
  -- [{time_ms, caption?}] from Panopto: preferred borders for chunks, and links to slides.
  slide_changes          jsonb not null default '[]',
  -- The uploaded audio in the file storage, while the lecture needs it. Null once it is complete or
  -- deleted, and some days after a failure or a cancel.
  audio_file_id          uuid unique,
  last_job_id            uuid,
  -- The last job makes a transcript that replaces the one in use. Set by retranscribe_lecture.
  retranscribing         boolean not null default false,
  metadata               jsonb not null default '{}',
  -- Personal material: only its owner and admins see it. Null: the course's.
  owner_id               uuid references users,
  -- Students see the asset from then on. Null: at once.
  visible_from           timestamptz,
  deleted_at             timestamptz,
  created_at             timestamptz not null default now(),
  updated_at             timestamptz not null default now(),
  check (source <> 'panopto' or (panopto_session_id is not null and panopto_url is not null)),
  check (status <> 'failed' or status_reason <> '')
);

-- A Panopto session is one lecture of a course and one of each owner, also when it is requested twice:
-- insert_lecture finds it here.
create index lectures_session on lectures (course_id, panopto_session_id) where deleted_at is null;
create index lectures_order on lectures (course_id, created_at, id);
create index lectures_owner on lectures (owner_id) where owner_id is not null;
create index lectures_changed on lectures (updated_at, id);
-- Dashboards list unfinished lectures; most rows are finished.
create index lectures_unfinished on lectures (status) where status <> 'completed';

-- Stored audio that no lecture needs. A row is inserted before an upload is stored and when a lecture
-- gives up its file; claim_audio_file removes it. Cleanup finds interrupted uploads and removals here,
-- without listing a bucket that other software can share.
create table unclaimed_audio (
  file_id         uuid primary key,
  since           timestamptz not null default now(),
  -- True once the file is being removed: claim_audio_file then refuses it.
  removal_started boolean not null default false
);
create index unclaimed_audio_age on unclaimed_audio (since);

create table lecture_transcripts (
  id              uuid primary key default gen_random_uuid(),
  lecture_id      uuid not null unique references lectures on delete cascade,
  transcript_text text not null,
  -- {"segments": [{start_ms, end_ms, text, speaker?}], "words": [{start_ms, end_ms, text, …}]}
  word_segments   jsonb not null,
  language_code   text,
  token_count     integer not null check (token_count >= 0),
  provider        text not null,
  model           text,
  -- The segments and words before the corrections. Null: no correction changes them.
  original        jsonb,
  -- How often each correction changes the transcript: {correction_id: number}.
  corrections     jsonb not null default '{}',
  -- Corrections wait for a job that makes another transcript. If it makes none, they get a job of their own.
  corrections_due boolean not null default false,
  -- SHA-256 of the segments and words: the version that a citation quotes.
  sha256          text not null default '',
  created_at      timestamptz not null default now(),
  updated_at      timestamptz not null default now()
);

-- A trigger, because a generated column cannot use convert_to.
create function hash_transcript() returns trigger language plpgsql as $$
begin
  new.sha256 := encode(sha256(convert_to(new.word_segments::text, 'UTF8')), 'hex');
  return new;
end
$$;
create trigger lecture_transcripts_hash before insert or update of word_segments on lecture_transcripts
  for each row execute function hash_transcript();

-- A transcript that replaces another one. It takes over when its chunks have their vectors.
create table draft_transcripts (
  lecture_id      uuid primary key references lectures on delete cascade,
  transcript_text text not null,
  word_segments   jsonb not null,
  language_code   text,
  token_count     integer not null check (token_count >= 0),
  provider        text not null,
  model           text,
  -- The segments and words before the corrections. Null: no correction changes them.
  original        jsonb,
  -- How often each correction changes the transcript: {correction_id: number}.
  corrections     jsonb not null default '{}',
  -- The published transcript with other corrections: not a new one, so readers see the published one.
  corrects        boolean not null default false,
  -- The defects of its file.
  warnings        jsonb not null default '[]',
  created_at      timestamptz not null default now()
);

create table lecture_chunks (
  id              uuid primary key default gen_random_uuid(),
  lecture_id      uuid not null references lectures on delete cascade,
  course_id       uuid not null references courses on delete cascade,
  chunk_index     integer not null check (chunk_index >= 0),
  start_ms        integer not null check (start_ms >= 0),
  end_ms          integer not null,
  content         text not null,
  metadata        jsonb not null default '{}',
  text_config     regconfig not null default 'simple',
  -- The words of the content, apart, as toSearchText returns them. Null: the content itself.
  search_text     text,
  tsv             tsvector generated always as
                  (compact_vector(search_vector(text_config, coalesce(search_text, content)), context_tsv)) stored,
  -- From the timeline: the words of its slides, labelled by confidence (enrich_chunks). Null: none.
  context_tsv     tsvector,
  embedding       halfvec(1536),
  -- The signs of the first 1 024 dimensions: search compares these first (docs/decisions/0069).
  embedding_bits  bit(1024) generated always as (bits_of(embedding)) stored,
  -- Vectors of different models are not comparable: search compares a row with its own model only.
  embedding_model text,
  created_at      timestamptz not null default now(),
  unique (lecture_id, chunk_index),
  check (end_ms >= start_ms),
  check ((embedding is null) = (embedding_model is null))
);
-- Search compares many vectors of a course, twice as fast (measured) with the vector inside the row as with the vector in
-- the TOAST table.
alter table lecture_chunks alter column embedding set storage plain;
alter table lecture_chunks alter column embedding_bits set storage plain;
-- Two rows fit in a page of 8 KB when each has at most 4 080 bytes. The vector takes 3 080 of them; texts and
-- search terms fill the rest, and move to the TOAST table when they are longer.
alter table lecture_chunks set (toast_tuple_target = 4080);
-- Search lists the languages and models of a course, and compares its vectors by their bits; this index answers that
-- without the rows. The id is for samples of a course.
create index lecture_chunks_kind on lecture_chunks (course_id, text_config, embedding_model)
  include (id, lecture_id, embedding_bits);
-- An array is the only form in which an index of words holds the course too without an extension: the chunks of a
-- course with a word are found without reading those of other courses.
create index lecture_chunks_text on lecture_chunks using gin ((array[course_id]), tsv);
create index lecture_chunks_context on lecture_chunks using gin ((array[course_id]), context_tsv) where context_tsv is not null;

-- Gives up the uploaded audio of a lecture that is complete or deleted. A trigger does this so that no
-- caller can forget it.
create function drop_unneeded_audio() returns trigger language plpgsql as $$
begin
  new.audio_file_id := null;
  return new;
end
$$;
create trigger lectures_drop_audio before update on lectures
  for each row when (new.audio_file_id is not null
                     and (new.status = 'completed' or new.deleted_at is not null))
  execute function drop_unneeded_audio();

-- Passes a file that a lecture gave up to cleanup.
create function release_audio_file() returns trigger language plpgsql as $$
begin
  insert into unclaimed_audio (file_id, removal_started) values (old.audio_file_id, true)
  on conflict (file_id) do update set removal_started = true;
  return null;
end
$$;
create trigger lectures_audio_replaced after update on lectures
  for each row when (old.audio_file_id is distinct from new.audio_file_id
                     and old.audio_file_id is not null)
  execute function release_audio_file();
create trigger lectures_audio_deleted after delete on lectures
  for each row when (old.audio_file_id is not null)
  execute function release_audio_file();

-- Makes stored audio the file of a lecture.
create function claim_audio_file(p_lecture_id uuid, p_file_id uuid) returns void
language plpgsql as $$
begin
  delete from unclaimed_audio where file_id = p_file_id and not removal_started;
  if not found then
    raise exception 'the audio file % is not in unclaimed_audio, or is being removed', p_file_id;
  end if;
  update lectures set audio_file_id = p_file_id where id = p_lecture_id;
end
$$;

create trigger lectures_touch before update on lectures
  for each row execute function touch_updated_at();
create trigger lectures_transcript_status before update of transcript_status on lectures
  for each row execute function guard_status('part', 'transcript_status');
create trigger lectures_embed_status before update of embed_status on lectures
  for each row execute function guard_status('part', 'embed_status');
create trigger lecture_transcripts_touch before update on lecture_transcripts
  for each row execute function touch_updated_at();
