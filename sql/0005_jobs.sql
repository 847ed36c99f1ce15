-- 0005: one table for the jobs of lectures and documents.
--
-- The queue decides on the columns of this table alone. `log` is a history for people; no code reads it.

create table jobs (
  id               uuid primary key default gen_random_uuid(),
  kind             text not null check (kind in ('lecture', 'document')),
  asset_id         uuid not null,
  course_id        uuid not null references courses on delete cascade,
  -- The asset once more, in a column for each table, for the foreign keys.
  lecture_id       uuid generated always as (case kind when 'lecture' then asset_id end) stored
                   references lectures on delete cascade,
  document_id      uuid generated always as (case kind when 'document' then asset_id end) stored
                   references documents on delete cascade,
  job_state        text not null default 'pending',
  progress_percent smallint not null default 0 check (progress_percent between 0 and 100),
  error_code       text,
  error_message    text,
  priority         text not null default 'normal' check (priority in ('normal', 'high')),
  -- The message of this job, and how often it was read. (message_id, attempt) is the claim token.
  queue_name       text check (queue_name in ('ingest_high', 'ingest')),
  message_id       bigint,
  attempt          integer not null default 0 check (attempt >= 0),
  -- Attempts that ended with a handled error.
  errors           integer not null default 0 check (errors >= 0),
  -- Attempts that ended with their process, without progress and alone in that process.
  crashes          integer not null default 0 check (crashes >= 0),
  -- All attempts that ended with their process without progress, other jobs beside them or not.
  interruptions    integer not null default 0 check (interruptions >= 0),
  -- The next attempt runs in a process of its own, so that a crash there has one possible cause.
  quarantined      boolean generated always as (crashes >= 2 or interruptions >= 2) stored,
  -- The worker process of the current or last attempt, and the last one that ended during an attempt.
  process_id       uuid,
  interrupted_process uuid,
  -- The place of the job among all courses: workers take the lowest turn first. See next_turn().
  turn             bigint not null default 0,
  -- True if the current attempt got further than all attempts before it.
  made_progress    boolean not null default false,
  -- When the next attempt can start. Null while an attempt is running and after the last one.
  next_attempt_at  timestamptz default now(),
  -- The provider whose failure delays the next attempt.
  waiting_for      text,
  -- When the job last failed because of the provider that it waits for.
  provider_failed_at timestamptz,
  -- At the limit of a budget: the message stays in the queue, hidden until the job is resumed.
  paused_at        timestamptz,
  -- The time of the automatic resume: the next day, if a daily limit is used up.
  paused_until     timestamptz,
  -- An administrator let this job exceed the budgets.
  ignores_budget   boolean not null default false,
  -- The HTTP request that created or retried the job, and the span of its trace (W3C Trace Context).
  request_id       text,
  traceparent      text,
  -- [{at, attempt, outcome, code?, reason?, delay_seconds?}]
  log              jsonb not null default '[]',
  started_at       timestamptz,
  finished_at      timestamptz,
  created_at       timestamptz not null default now(),
  updated_at       timestamptz not null default now(),
  check (case kind
           when 'lecture' then job_state in ('pending', 'downloading', 'transcribing', 'embedding',
                                             'completed', 'failed')
           else job_state in ('pending', 'describing', 'embedding', 'completed', 'failed') end),
  check (job_state <> 'failed' or error_message <> ''),
  check (job_state <> 'completed' or finished_at is not null),
  check (job_state not in ('completed', 'failed') or next_attempt_at is null)
);
-- At most one unfinished job per asset: two requests cannot both start one.
create unique index jobs_unfinished on jobs (asset_id)
  where job_state not in ('completed', 'failed');
create index jobs_course_turn on jobs (course_id, queue_name, turn);
create index jobs_served on jobs (queue_name, turn) where attempt > 0;
create index jobs_interrupted on jobs (interrupted_process) where interrupted_process is not null;
create index jobs_lecture on jobs (lecture_id) where lecture_id is not null;
create index jobs_document on jobs (document_id) where document_id is not null;

-- The tables of the product's data model. Columns of the table can be updated through the views.
create view lecture_download_jobs as
  select id, lecture_id,
         (select panopto_url from lectures where lectures.id = jobs.lecture_id) as panopto_reference,
         job_state, progress_percent, error_code, error_message, started_at, finished_at, log,
         priority, attempt, errors, crashes, quarantined, next_attempt_at, waiting_for, created_at, updated_at
  from jobs where kind = 'lecture';

create view document_jobs as
  select id, document_id,
         job_state, progress_percent, error_code, error_message, started_at, finished_at, log,
         priority, attempt, errors, crashes, quarantined, next_attempt_at, waiting_for, created_at, updated_at
  from jobs where kind = 'document';

create trigger jobs_touch before update on jobs
  for each row execute function touch_updated_at();
create trigger jobs_lecture_state before update of job_state on jobs
  for each row when (new.kind = 'lecture')
  execute function guard_status('lecture_job', 'job_state');
create trigger jobs_document_state before update of job_state on jobs
  for each row when (new.kind = 'document')
  execute function guard_status('document_job', 'job_state');

-- Records that the next attempt of a job runs in a process of its own.
create function record_quarantine() returns trigger language plpgsql as $$
begin
  perform record_event(new.kind, new.asset_id, new.course_id, 'quarantined', jsonb_build_object(
    'job_id', new.id, 'crashes', new.crashes, 'interruptions', new.interruptions));
  return null;
end
$$;
create trigger jobs_quarantined after update of crashes, interruptions on jobs
  for each row when (new.quarantined and not old.quarantined)
  execute function record_quarantine();

-- Copies the state of the last job to its lecture, derives the status of transcript and embeddings
-- from it, and records an event. A trigger does this so that no caller can forget it.
create function update_lecture_from_job() returns trigger language plpgsql as $$
declare
  starts boolean := tg_op = 'UPDATE' and new.job_state in ('downloading', 'transcribing', 'embedding');
begin
  update lectures set
    status = new.job_state,
    status_reason = case when new.job_state in ('failed', 'completed') then new.error_message end,
    last_job_id = new.id,
    retranscribing = retranscribing and new.job_state <> 'completed',
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
  where id = new.asset_id;
  perform record_event('lecture', new.asset_id, new.course_id, 'status', jsonb_build_object(
    'from', case when tg_op = 'UPDATE' then old.job_state end, 'to', new.job_state,
    'job_id', new.id, 'code', new.error_code, 'reason', new.error_message));
  if new.job_state in ('completed', 'failed') and new.error_code is distinct from 'asset_deleted' then
    perform apply_due_corrections(new.asset_id);
  end if;
  return null;
end
$$;
create trigger jobs_lecture_inserted after insert on jobs
  for each row when (new.kind = 'lecture')
  execute function update_lecture_from_job();
create trigger jobs_lecture_moved after update of job_state on jobs
  for each row when (new.kind = 'lecture' and old.job_state is distinct from new.job_state)
  execute function update_lecture_from_job();

-- Moves a document with its job, in the same transaction. Only the pipeline sets `described`: it knows
-- when the last page is stored.
create function update_document_from_job() returns trigger language plpgsql as $$
begin
  update documents set
    status = case when new.job_state in ('embedding', 'completed', 'failed')
                  then new.job_state else status end,
    status_reason = case when new.job_state in ('failed', 'completed') then new.error_message end,
    description_job_id = new.id
  where id = new.asset_id;
  return null;
end
$$;
create trigger jobs_document_inserted after insert on jobs
  for each row when (new.kind = 'document')
  execute function update_document_from_job();
create trigger jobs_document_moved after update of job_state on jobs
  for each row when (new.kind = 'document' and old.job_state is distinct from new.job_state)
  execute function update_document_from_job();
