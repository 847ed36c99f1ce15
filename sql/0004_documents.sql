-- 0004: slide decks, the jobs that ingest them, their described pages and their searchable chunks.
--
-- Pages count from 1. The PDF itself lies in storage, untouched; sha256 is of its bytes.

create table documents (
  id                 uuid primary key default gen_random_uuid(),
  course_id          uuid not null references courses on delete cascade,
  filename           text not null,
  title              text,
  storage_url        text not null,
  mime_type          text not null default 'application/pdf',
  size_bytes         bigint not null check (size_bytes >= 0),
  sha256             text not null check (sha256 ~ '^[0-9a-f]{64}$'),
  page_count         integer check (page_count > 0),
  language_code      text,
  status             text not null default 'uploaded'
                     check (status in ('uploaded', 'described', 'embedding', 'completed', 'failed')),
  status_reason      text,
  description_job_id uuid,
  metadata           jsonb not null default '{}',
  deleted_at         timestamptz,
  created_at         timestamptz not null default now(),
  updated_at         timestamptz not null default now(),
  check (status <> 'failed' or status_reason <> '')
);
-- The same bytes in the same course are one document.
create unique index documents_bytes on documents (course_id, sha256) where deleted_at is null;
create index documents_order on documents (course_id, created_at, id);
create index documents_changed on documents (updated_at, id);
create index documents_unfinished on documents (status) where status <> 'completed';

-- Files that no row of documents names: entered before a file is stored, and when its row goes.
-- Whoever inserts the row takes the entry away; what is left of an upload or a removal that broke off
-- is found here, without listing a bucket that others may use, too.
create table unclaimed_files (
  document_id uuid primary key,
  since       timestamptz not null default now(),
  -- Being removed: no row may name the file any more.
  doomed      boolean not null default false
);
create index unclaimed_files_age on unclaimed_files (since);

create table document_jobs (
  id               uuid primary key default gen_random_uuid(),
  document_id      uuid not null references documents on delete cascade,
  job_state        text not null default 'pending'
                   check (job_state in ('pending', 'describing', 'embedding', 'completed', 'failed')),
  progress_percent smallint not null default 0 check (progress_percent between 0 and 100),
  error_code       text,
  error_message    text,
  priority         text not null default 'normal' check (priority in ('normal', 'high')),
  queue_name       text,
  message_id       bigint,
  attempt          integer not null default 0,
  errors           integer not null default 0,
  handed_back      integer not null default 0,
  advanced         boolean not null default false,
  log              jsonb not null default '[]',
  started_at       timestamptz,
  finished_at      timestamptz,
  created_at       timestamptz not null default now(),
  updated_at       timestamptz not null default now(),
  check (job_state <> 'failed' or error_message <> ''),
  check (job_state <> 'completed' or finished_at is not null)
);
create unique index document_jobs_unfinished on document_jobs (document_id)
  where job_state not in ('completed', 'failed');
create index document_jobs_of_document on document_jobs (document_id, created_at);

create table slide_descriptions (
  id                     uuid primary key default gen_random_uuid(),
  document_id            uuid not null references documents on delete cascade,
  page_number            integer not null check (page_number > 0),
  -- As the describer gave it, and as it is stored for retrieval.
  raw_description        text not null,
  normalized_description text not null,
  described_by           text not null check (described_by in ('model', 'ocr', 'text')),
  -- {title?, section?, headings, tags, …}
  metadata               jsonb not null default '{}',
  created_at             timestamptz not null default now(),
  unique (document_id, page_number)
);

create table slide_chunks (
  id              uuid primary key default gen_random_uuid(),
  document_id     uuid not null references documents on delete cascade,
  course_id       uuid not null references courses on delete cascade,
  chunk_index     integer not null check (chunk_index >= 0),
  page_number     integer not null check (page_number > 0),
  page_end        integer not null,
  content         text not null,
  metadata        jsonb not null default '{}',
  text_config     regconfig not null default 'simple',
  tsv             tsvector generated always as (to_tsvector(text_config, content)) stored,
  embedding       vector(1536),
  embedding_model text,
  created_at      timestamptz not null default now(),
  unique (document_id, chunk_index),
  check (page_end >= page_number),
  check ((embedding is null) = (embedding_model is null))
);
alter table slide_chunks alter column embedding set storage plain;
create index slide_chunks_course on slide_chunks (course_id);
create index slide_chunks_text on slide_chunks using gin (tsv);
create index slide_chunks_embedding on slide_chunks
  using ivfflat (embedding vector_cosine_ops) with (lists = 100);

create trigger documents_touch before update on documents
  for each row execute function touch_updated_at();
create trigger documents_status before update of status on documents
  for each row execute function guard_status('document', 'status');
create trigger document_jobs_touch before update on document_jobs
  for each row execute function touch_updated_at();
create trigger document_jobs_state before update of job_state on document_jobs
  for each row execute function guard_status('document_job', 'job_state');

create function record_document_status() returns trigger language plpgsql as $$
begin
  perform record_event('document', new.id, new.course_id, 'status', jsonb_build_object(
    'from', case when tg_op = 'UPDATE' then old.status end, 'to', new.status,
    'job_id', new.description_job_id, 'reason', new.status_reason));
  return null;
end
$$;
create trigger documents_inserted after insert on documents
  for each row execute function record_document_status();
create trigger documents_moved after update of status on documents
  for each row when (old.status is distinct from new.status)
  execute function record_document_status();

-- Where a job's state says something of its document, the document follows in the same transaction.
-- `described` is the pipeline's own to say: it knows when the last page is in.
create function document_follows_job() returns trigger language plpgsql as $$
begin
  update documents set
    status = case when new.job_state in ('embedding', 'completed', 'failed')
                  then new.job_state else status end,
    status_reason = case when new.job_state in ('failed', 'completed') then new.error_message end,
    description_job_id = new.id
  where id = new.document_id;
  return null;
end
$$;
create trigger document_jobs_inserted after insert on document_jobs
  for each row execute function document_follows_job();
create trigger document_jobs_moved after update of job_state on document_jobs
  for each row when (old.job_state is distinct from new.job_state)
  execute function document_follows_job();
