-- 0003: lectures, the jobs that ingest them, their transcripts and their searchable chunks.
--
-- Positions inside a recording are whole milliseconds from its start (*_ms).
-- Audio is never stored: it lives in scratch space until its job ends.

create table lectures (
  id                     uuid primary key default gen_random_uuid(),
  course_id              uuid not null references courses on delete cascade,
  source                 text not null check (source in ('panopto', 'upload')),
  panopto_session_id     text,
  panopto_url            text,
  title                  text,
  transcription          boolean not null default true,
  -- Written by lecture_follows_job alone: it repeats the job's state.
  status                 text not null default 'pending'
                         check (status in ('pending', 'downloading', 'transcribing',
                                           'embedding', 'completed', 'failed')),
  status_reason          text,
  audio_duration_seconds integer check (audio_duration_seconds >= 0),
  language_code          text,
  transcript_status      text not null default 'pending'
                         check (transcript_status in ('pending', 'processing', 'completed',
                                                      'failed', 'skipped')),
  embed_status           text not null default 'pending'
                         check (embed_status in ('pending', 'processing', 'completed',
                                                 'failed', 'skipped')),
  -- [{time_ms, caption?}] as Panopto announced them: soft borders for chunks, links to slides.
  slide_changes          jsonb not null default '[]',
  last_job_id            uuid,
  metadata               jsonb not null default '{}',
  deleted_at             timestamptz,
  created_at             timestamptz not null default now(),
  updated_at             timestamptz not null default now(),
  check (source = 'upload' or (panopto_session_id is not null and panopto_url is not null)),
  check (status <> 'failed' or status_reason <> '')
);

-- One session is one lecture of a course, however often it is asked for.
create unique index lectures_session on lectures (course_id, panopto_session_id)
  where deleted_at is null;
create index lectures_order on lectures (course_id, created_at, id);
create index lectures_changed on lectures (updated_at, id);
-- Dashboards ask for unfinished work; finished lectures are nearly all of the table.
create index lectures_unfinished on lectures (status) where status <> 'completed';

create table lecture_download_jobs (
  id                uuid primary key default gen_random_uuid(),
  lecture_id        uuid not null references lectures on delete cascade,
  panopto_reference text,
  job_state         text not null default 'pending'
                    check (job_state in ('pending', 'downloading', 'transcribing',
                                         'embedding', 'completed', 'failed')),
  progress_percent  smallint not null default 0 check (progress_percent between 0 and 100),
  error_code        text,
  error_message     text,
  priority          text not null default 'normal' check (priority in ('normal', 'high')),
  -- The message that carries this job, and how often it was read: together the fencing token.
  queue_name        text,
  message_id        bigint,
  attempt           integer not null default 0,
  -- Failures that were handled, and clean hand-backs at shutdown: what is left of `attempt` crashed.
  errors            integer not null default 0,
  handed_back       integer not null default 0,
  -- Has the present attempt got further than those before it?
  advanced          boolean not null default false,
  log               jsonb not null default '[]',
  started_at        timestamptz,
  finished_at       timestamptz,
  created_at        timestamptz not null default now(),
  updated_at        timestamptz not null default now(),
  check (job_state <> 'failed' or error_message <> ''),
  check (job_state <> 'completed' or finished_at is not null)
);
-- At most one unfinished job a lecture: two requests cannot both start one.
create unique index lecture_jobs_unfinished on lecture_download_jobs (lecture_id)
  where job_state not in ('completed', 'failed');
create index lecture_jobs_of_lecture on lecture_download_jobs (lecture_id, created_at);

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
  created_at      timestamptz not null default now(),
  updated_at      timestamptz not null default now()
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
  tsv             tsvector generated always as (to_tsvector(text_config, content)) stored,
  embedding       vector(1536),
  -- Vectors of different models share nothing: a row is compared only with its own kind.
  embedding_model text,
  created_at      timestamptz not null default now(),
  unique (lecture_id, chunk_index),
  check (end_ms >= start_ms),
  check ((embedding is null) = (embedding_model is null))
);
-- In-course search is an exact scan of one course: with the vector inside the row (6 KB, still below
-- the 8 KB page) that was measured 2.5 times as fast as with it in the TOAST table.
alter table lecture_chunks alter column embedding set storage plain;
create index lecture_chunks_course on lecture_chunks (course_id);
create index lecture_chunks_text on lecture_chunks using gin (tsv);
-- For searches across courses only; rebuilt once there is data to learn its lists from.
create index lecture_chunks_embedding on lecture_chunks
  using ivfflat (embedding vector_cosine_ops) with (lists = 100);

create trigger lectures_touch before update on lectures
  for each row execute function touch_updated_at();
create trigger lectures_transcript_status before update of transcript_status on lectures
  for each row execute function guard_status('part', 'transcript_status');
create trigger lectures_embed_status before update of embed_status on lectures
  for each row execute function guard_status('part', 'embed_status');
create trigger lecture_jobs_touch before update on lecture_download_jobs
  for each row execute function touch_updated_at();
create trigger lecture_jobs_state before update of job_state on lecture_download_jobs
  for each row execute function guard_status('lecture_job', 'job_state');
create trigger lecture_transcripts_touch before update on lecture_transcripts
  for each row execute function touch_updated_at();

-- A lecture's status is its last job's state, and each move leaves an event. What the job means for
-- the transcript and the embeddings follows here too, so that no step can forget to say it.
create function lecture_follows_job() returns trigger language plpgsql as $$
declare
  course uuid;
  starts boolean := tg_op = 'UPDATE' and new.job_state in ('downloading', 'transcribing', 'embedding');
begin
  update lectures set
    status = new.job_state,
    status_reason = case when new.job_state in ('failed', 'completed') then new.error_message end,
    last_job_id = new.id,
    transcript_status = case
      when transcript_status not in ('pending', 'processing') then transcript_status
      when new.job_state in ('downloading', 'transcribing') then 'processing'
      when new.job_state = 'failed' then 'failed'
      when new.job_state = 'completed' then 'skipped'
      else transcript_status end,
    embed_status = case
      when embed_status not in ('pending', 'processing') then embed_status
      when new.job_state = 'embedding' then 'processing'
      when new.job_state = 'failed' then 'failed'
      when new.job_state = 'completed' and embed_status = 'processing' then 'completed'
      when new.job_state = 'completed' then 'skipped'
      else embed_status end,
    metadata = metadata
      || case when starts and not metadata ? 'ingestion_started_at'
              then jsonb_build_object('ingestion_started_at', now()) else '{}' end
      || case when new.job_state = 'completed' and embed_status = 'processing'
              then jsonb_build_object('embedded_at', now()) else '{}' end
  where id = new.lecture_id
  returning course_id into course;
  perform record_event('lecture', new.lecture_id, course, 'status', jsonb_build_object(
    'from', case when tg_op = 'UPDATE' then old.job_state end, 'to', new.job_state,
    'job_id', new.id, 'code', new.error_code, 'reason', new.error_message));
  return null;
end
$$;
create trigger lecture_jobs_inserted after insert on lecture_download_jobs
  for each row execute function lecture_follows_job();
create trigger lecture_jobs_moved after update of job_state on lecture_download_jobs
  for each row when (old.job_state is distinct from new.job_state)
  execute function lecture_follows_job();
