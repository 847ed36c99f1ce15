-- Generated from the migrations beside it by scripts/dump-schema.ts. Do not edit.

SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET transaction_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;

CREATE EXTENSION IF NOT EXISTS pgmq WITH SCHEMA pgmq;

COMMENT ON EXTENSION pgmq IS 'A lightweight message queue. Like AWS SQS and RSMQ but on Postgres.';

CREATE EXTENSION IF NOT EXISTS vector WITH SCHEMA public;

COMMENT ON EXTENSION vector IS 'vector data type and ivfflat and hnsw access methods';

CREATE FUNCTION public.begin_transcription(lecture uuid, wanted_priority text, why_stopped text) RETURNS uuid
    LANGUAGE plpgsql
    AS $$
declare
  job uuid;
begin
  perform stop_job('lecture', lecture, 'cancelled', why_stopped);
  update lectures set transcription = true, transcript_status = 'pending', embed_status = 'pending'
  where id = lecture;
  insert into lecture_download_jobs (lecture_id, panopto_reference, priority)
  select id, panopto_url, wanted_priority from lectures where id = lecture
  returning id into job;
  perform enqueue_job('lecture', job, wanted_priority);
  return job;
end
$$;

CREATE FUNCTION public.bury_message(queue text, message bigint, body jsonb, code text, reason text) RETURNS void
    LANGUAGE plpgsql
    AS $$
begin
  perform pgmq.send('ingest_dead', body, jsonb_build_object(
    'queue', queue, 'message_id', message, 'code', code, 'reason', reason));
  perform pgmq.archive(queue, message);
end
$$;

CREATE FUNCTION public.claim_document(document uuid, visibility_seconds integer) RETURNS TABLE(queue_name text, message_id bigint, attempt integer, kind text, job_id uuid, asset_id uuid, errors integer, handed_back integer, sent_at timestamp with time zone, had_failed boolean)
    LANGUAGE plpgsql
    AS $$
#variable_conflict use_column
declare
  job     document_jobs;
  message pgmq.message_record;
begin
  perform lock_asset(document);
  select j.* into job from documents d join document_jobs j on j.id = d.description_job_id
  where d.id = document and d.deleted_at is null for update of j;
  if not found then return; end if;

  had_failed := job.job_state = 'failed';
  if had_failed then
    perform retry_document(document);
  elsif job.job_state = 'completed' then
    insert into document_jobs (document_id, priority) values (document, job.priority)
    returning id into job.id;
    update documents set status = 'uploaded' where id = document;
    perform enqueue_job('document', job.id, job.priority);
  end if;

  select j.* into job from document_jobs j where j.id = job.id;
  select * into message
  from pgmq.read(job.queue_name, visibility_seconds, 1, jsonb_build_object('job_id', job.id));
  if not found then return; end if;
  update document_jobs j set message_id = message.msg_id, attempt = message.read_ct,
    started_at = coalesce(j.started_at, clock_timestamp())
  where j.id = job.id
  returning j.queue_name, j.message_id, j.attempt, 'document', j.id, document, j.errors,
            j.handed_back, message.enqueued_at
  into queue_name, message_id, attempt, kind, job_id, asset_id, errors, handed_back, sent_at;
  return next;
end
$$;

CREATE FUNCTION public.claim_job(queues text[], visibility_seconds integer) RETURNS TABLE(queue_name text, message_id bigint, attempt integer, kind text, job_id uuid, asset_id uuid, errors integer, handed_back integer, sent_at timestamp with time zone)
    LANGUAGE plpgsql
    AS $_$
#variable_conflict use_column
declare
  queue   text;
  message pgmq.message_record;
begin
  foreach queue in array queues loop
    loop
      select * into message from pgmq.read(queue, visibility_seconds, 1);
      exit when not found;

      kind := message.message ->> 'kind';
      if job_table(kind) is null
         or coalesce(message.message ->> 'job_id', '') !~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then
        perform bury_message(queue, message.msg_id, message.message, 'message_invalid',
                             'The message names no job');
        continue;
      end if;

      -- A second message of a job whose own still waits is a copy: the job has one holder at a time.
      -- An attempt that vanished but had got further is no sign that the job kills its workers.
      execute format(
        'update %I job set queue_name = $1, message_id = $2, attempt = $3,
                handed_back = handed_back + (advanced and attempt > 0
                  and log -> -1 ->> ''attempt'' is distinct from attempt::text)::int,
                advanced = false, started_at = coalesce(started_at, clock_timestamp())
         where id = $4 and job_state not in (''completed'', ''failed'')
           and (message_id = $2 or not message_waits(queue_name, message_id))
         returning id, %I, errors, handed_back', job_table(kind), kind || '_id')
        into job_id, asset_id, errors, handed_back
        using queue, message.msg_id, message.read_ct, (message.message ->> 'job_id')::uuid;

      if job_id is null then
        perform pgmq.archive(queue, message.msg_id);
        continue;
      end if;
      queue_name := queue;
      message_id := message.msg_id;
      attempt := message.read_ct;
      sent_at := message.enqueued_at;
      return next;
      return;
    end loop;
  end loop;
end
$_$;

CREATE FUNCTION public.delete_asset(kind text, asset uuid) RETURNS boolean
    LANGUAGE plpgsql
    AS $_$
declare
  course uuid;
begin
  perform stop_job(kind, asset, 'asset_deleted', 'The asset was deleted');
  execute format('update %I set deleted_at = now() where id = $1 and deleted_at is null
                  returning course_id', kind || 's') into course using asset;
  if course is null then return false; end if;
  perform record_event(kind, asset, course, 'deleted', '{}');
  return true;
end
$_$;

CREATE FUNCTION public.delete_course(course uuid) RETURNS TABLE(document_ids uuid[], lecture_ids uuid[])
    LANGUAGE plpgsql
    AS $$
declare
  asset record;
begin
  for asset in
    select 'lecture' as kind, id from lectures where course_id = course and deleted_at is null
    union all
    select 'document', id from documents where course_id = course and deleted_at is null
    order by id
  loop
    perform delete_asset(asset.kind, asset.id);
  end loop;
  -- Whoever adds to the course just now ends first and is seen here, or finds no course.
  perform from courses where id = course for update;
  document_ids := array(select id from documents where course_id = course);
  insert into unclaimed_files (document_id) select unnest(document_ids)
  on conflict do nothing;
  lecture_ids := array(select id from lectures where course_id = course);
  delete from courses where id = course;
  if found then return next; end if;
end
$$;

CREATE FUNCTION public.document_follows_job() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
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

CREATE FUNCTION public.enqueue_job(kind text, job uuid, priority text) RETURNS void
    LANGUAGE plpgsql
    AS $_$
declare
  queue   text := case priority when 'high' then 'ingest_high' else 'ingest' end;
  message bigint;
begin
  select pgmq.send(queue, jsonb_build_object('kind', kind, 'job_id', job)) into message;
  execute format('update %I set queue_name = $1, message_id = $2, attempt = 0, errors = 0, handed_back = 0,
                  advanced = false
                  where id = $3', job_table(kind)) using queue, message, job;
  perform pg_notify('ingest', queue);
end
$_$;

CREATE FUNCTION public.extend_claim(queue text, message bigint, attempt integer, visibility_seconds numeric) RETURNS boolean
    LANGUAGE plpgsql
    AS $_$
declare
  held bigint;
begin
  execute format('update pgmq.%I set vt = clock_timestamp() + make_interval(secs => $3)
                  where msg_id = $1 and read_ct = $2 returning msg_id', 'q_' || queue)
    into held using message, attempt, visibility_seconds;
  return held is not null;
end
$_$;

CREATE FUNCTION public.finish_job(kind text, job uuid, queue text, message bigint, attempt integer, state text, code text, reason text) RETURNS boolean
    LANGUAGE plpgsql
    AS $_$
declare
  body jsonb;
begin
  execute format('select message from pgmq.%I where msg_id = $1 and read_ct = $2 for update',
                 'q_' || queue) into body using message, attempt;
  if body is null then return false; end if;
  execute format(
    'update %I set job_state = $2, error_code = $3, error_message = $4,
            progress_percent = case $2 when ''completed'' then 100 else progress_percent end,
            finished_at = clock_timestamp()
     where id = $1', job_table(kind)) using job, state, code, reason;
  if state = 'failed' then
    perform bury_message(queue, message, body, code, reason);
  else
    perform pgmq.archive(queue, message);
  end if;
  return true;
end
$_$;

CREATE FUNCTION public.forget_shelved_embeddings() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
  delete from shelved_embeddings s using gone where s.chunk_id = gone.id;
  return null;
end
$$;

CREATE FUNCTION public.free_claims() RETURNS void
    LANGUAGE plpgsql
    AS $_$
declare
  queue text;
begin
  foreach queue in array array['ingest_high', 'ingest'] loop
    execute format(
      'update pgmq.%I message set vt = clock_timestamp()
       from (select queue_name, message_id, attempt, log from lecture_download_jobs
             union all
             select queue_name, message_id, attempt, log from document_jobs) job
       where job.queue_name = $1 and job.message_id = message.msg_id
         and job.attempt = message.read_ct and message.vt > clock_timestamp()
         and job.log -> -1 ->> ''attempt'' is distinct from job.attempt::text', 'q_' || queue)
      using queue;
  end loop;
end
$_$;

CREATE FUNCTION public.guard_status() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
declare
  guarded text := tg_argv[0];
  former  text := to_jsonb(old) ->> tg_argv[1];
  wanted  text := to_jsonb(new) ->> tg_argv[1];
begin
  if former is distinct from wanted and not exists (
    select from status_transitions
    where entity = guarded and from_status = former and to_status = wanted
  ) then
    raise check_violation using message =
      format('%s cannot move from %s to %s', guarded, former, wanted);
  end if;
  return new;
end
$$;

CREATE FUNCTION public.job_table(kind text) RETURNS text
    LANGUAGE sql IMMUTABLE
    AS $$
  select case kind when 'lecture' then 'lecture_download_jobs' when 'document' then 'document_jobs' end
$$;

CREATE FUNCTION public.lecture_follows_job() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
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

CREATE FUNCTION public.lock_asset(asset uuid) RETURNS void
    LANGUAGE sql
    AS $$
  select pg_advisory_xact_lock(hashtextextended(asset::text, 0));
$$;

CREATE FUNCTION public.message_waits(queue text, message bigint) RETURNS boolean
    LANGUAGE plpgsql
    AS $_$
declare
  waits boolean;
begin
  if queue is null or message is null then return false; end if;
  execute format('select exists (select from pgmq.%I where msg_id = $1)', 'q_' || queue)
    into waits using message;
  return waits;
end
$_$;

CREATE FUNCTION public.postpone_job(kind text, job uuid, queue text, message bigint, attempt integer, delay_seconds numeric, outcome text, code text, reason text) RETURNS boolean
    LANGUAGE plpgsql
    AS $_$
begin
  if not extend_claim(queue, message, attempt, delay_seconds) then return false; end if;
  execute format(
    'update %I set errors = errors + ($2 = ''error'')::int,
            handed_back = handed_back + ($2 <> ''error'')::int,
            error_code = coalesce($3, error_code), error_message = coalesce($4, error_message),
            log = log || jsonb_build_array(jsonb_strip_nulls(jsonb_build_object(
              ''at'', clock_timestamp(), ''attempt'', $5, ''outcome'', $2,
              ''code'', $3, ''reason'', $4, ''delay_seconds'', $6)))
     where id = $1', job_table(kind))
    using job, outcome, code, reason, attempt, delay_seconds;
  if delay_seconds <= 0 then perform pg_notify('ingest', queue); end if;
  return true;
end
$_$;

CREATE FUNCTION public.record_document_status() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
  perform record_event('document', new.id, new.course_id, 'status', jsonb_build_object(
    'from', case when tg_op = 'UPDATE' then old.status end, 'to', new.status,
    'job_id', new.description_job_id, 'reason', new.status_reason));
  return null;
end
$$;

CREATE FUNCTION public.record_event(asset_type text, asset uuid, course uuid, event_type text, payload jsonb) RETURNS void
    LANGUAGE sql
    AS $$
  insert into processing_events (asset_type, asset_id, course_id, event_type, payload)
  values (asset_type, asset, course, event_type, jsonb_strip_nulls(payload));
$$;

CREATE FUNCTION public.replace_transcript(lecture uuid, body text, segments jsonb, language text, tokens integer, source text) RETURNS uuid
    LANGUAGE plpgsql
    AS $$
declare
  job uuid;
begin
  perform lock_asset(lecture);
  perform from lectures where id = lecture and deleted_at is null;
  if not found then return null; end if;
  perform stop_job('lecture', lecture, 'cancelled', 'A transcript was imported instead');

  insert into lecture_transcripts
    (lecture_id, transcript_text, word_segments, language_code, token_count, provider)
  values (lecture, body, segments, language, tokens, source)
  on conflict (lecture_id) do update set
    transcript_text = excluded.transcript_text, word_segments = excluded.word_segments,
    language_code = excluded.language_code, token_count = excluded.token_count,
    provider = excluded.provider, model = null;
  delete from lecture_chunks where lecture_id = lecture;

  -- Every part that has an end is opened again first: there is no way from one end to another.
  update lectures set
    transcript_status = 'pending', embed_status = 'pending', language_code = language,
    metadata = metadata - 'embedded_at' || jsonb_build_object('transcribed_at', now())
  where id = lecture;
  update lectures set transcript_status = 'completed' where id = lecture;

  insert into lecture_download_jobs (lecture_id, priority) values (lecture, 'high') returning id into job;
  perform enqueue_job('lecture', job, 'high');
  return job;
end
$$;

CREATE FUNCTION public.request_document(document uuid, course uuid, filename text, wanted_title text, storage_url text, size_bytes bigint, sha256 text, priority text, OUT document_id uuid, OUT job_id uuid, OUT created boolean) RETURNS record
    LANGUAGE plpgsql
    AS $$
#variable_conflict use_column
begin
  loop
    insert into documents (id, course_id, filename, title, storage_url, size_bytes, sha256)
    values (document, course, request_document.filename, wanted_title, request_document.storage_url,
            request_document.size_bytes, request_document.sha256)
    on conflict (course_id, sha256) where deleted_at is null do nothing
    returning id into document_id;
    created := found;
    exit when created;
    select d.id, d.description_job_id into document_id, job_id from documents d
    where d.course_id = course and d.sha256 = request_document.sha256 and d.deleted_at is null;
    exit when found;
  end loop;

  if created then
    delete from unclaimed_files f where f.document_id = document and not f.doomed;
    if not found then
      raise exception 'the file of document % was not announced, or was given up', document;
    end if;
    insert into document_jobs (document_id, priority)
    values (request_document.document_id, request_document.priority) returning id into job_id;
    perform enqueue_job('document', job_id, priority);
  end if;
end
$$;

CREATE FUNCTION public.request_lecture(course uuid, session_id text, url text, wanted_title text, transcription boolean, priority text, OUT lecture_id uuid, OUT job_id uuid, OUT created boolean) RETURNS record
    LANGUAGE plpgsql
    AS $$
declare
  started uuid;
begin
  loop
    insert into lectures (course_id, source, panopto_session_id, panopto_url, title, transcription)
    values (course, 'panopto', session_id, url, wanted_title, request_lecture.transcription)
    on conflict (course_id, panopto_session_id) where deleted_at is null do nothing
    returning id into lecture_id;
    created := found;
    exit when created;
    select l.id, l.last_job_id into lecture_id, job_id from lectures l
    where l.course_id = course and l.panopto_session_id = session_id and l.deleted_at is null;
    exit when found; -- else it was deleted between the two, and there is room for a new one
  end loop;

  if created then
    insert into lecture_download_jobs (lecture_id, panopto_reference, priority)
    values (request_lecture.lecture_id, url, request_lecture.priority) returning id into job_id;
    perform enqueue_job('lecture', job_id, priority);
  elsif request_lecture.transcription then
    started := transcribe_after_all(request_lecture.lecture_id, request_lecture.priority);
    created := started is not null;
    job_id := coalesce(started, job_id);
  end if;
end
$$;

CREATE FUNCTION public.request_uploaded_lecture(lecture uuid, course uuid, session_id text, url text, wanted_title text, priority text, OUT lecture_id uuid, OUT job_id uuid, OUT created boolean) RETURNS record
    LANGUAGE plpgsql
    AS $$
begin
  loop
    insert into lectures (id, course_id, source, panopto_session_id, panopto_url, title)
    values (lecture, course, 'upload', session_id, url, wanted_title)
    on conflict (course_id, panopto_session_id) where deleted_at is null do nothing
    returning id into lecture_id;
    created := found;
    exit when created;
    select l.id, l.last_job_id into lecture_id, job_id from lectures l
    where l.course_id = course and l.panopto_session_id = session_id and l.deleted_at is null;
    exit when found;
  end loop;

  if created then
    insert into lecture_download_jobs (lecture_id, panopto_reference, priority)
    values (request_uploaded_lecture.lecture_id, url, request_uploaded_lecture.priority)
    returning id into job_id;
    perform enqueue_job('lecture', job_id, priority);
  end if;
end
$$;

CREATE FUNCTION public.requeue_lost_jobs() RETURNS integer
    LANGUAGE plpgsql
    AS $$
declare
  kind     text;
  job      record;
  requeued integer := 0;
begin
  foreach kind in array array['lecture', 'document'] loop
    -- Locked, so that a job which is ending just now is seen ended, or is left alone.
    for job in execute format(
      'select id, priority, queue_name, message_id from %I
       where job_state not in (''completed'', ''failed'') for update skip locked', job_table(kind))
    loop
      if not message_waits(job.queue_name, job.message_id) then
        perform enqueue_job(kind, job.id, job.priority);
        requeued := requeued + 1;
      end if;
    end loop;
  end loop;
  return requeued;
end
$$;

CREATE FUNCTION public.retry_document(document uuid) RETURNS uuid
    LANGUAGE plpgsql
    AS $$
declare
  job uuid;
begin
  perform lock_asset(document);
  update document_jobs j set
    job_state = 'pending', error_code = null, error_message = null, finished_at = null
  from documents d
  where d.id = document and d.deleted_at is null and j.id = d.description_job_id
    and j.job_state = 'failed'
  returning j.id into job;
  if job is null then return null; end if;
  -- Where every page is described already, only what follows is done again.
  update documents d set status_reason = null, status = case
    when d.page_count = (select count(*) from slide_descriptions s where s.document_id = d.id)
    then 'described' else 'uploaded' end
  where d.id = document;
  perform enqueue_job('document', job, (select priority from document_jobs where id = job));
  return job;
end
$$;

CREATE FUNCTION public.retry_lecture(lecture uuid) RETURNS uuid
    LANGUAGE plpgsql
    AS $$
declare
  job uuid;
begin
  perform lock_asset(lecture);
  update lecture_download_jobs j set
    job_state = 'pending', error_code = null, error_message = null, finished_at = null
  from lectures l
  where l.id = lecture and l.deleted_at is null and j.id = l.last_job_id and j.job_state = 'failed'
  returning j.id into job;
  if job is null then return null; end if;
  update lectures set
    transcript_status = case transcript_status when 'failed' then 'pending' else transcript_status end,
    embed_status = case embed_status when 'failed' then 'pending' else embed_status end
  where id = lecture;
  perform enqueue_job('lecture', job, (select priority from lecture_download_jobs where id = job));
  return job;
end
$$;

CREATE FUNCTION public.stop_job(kind text, asset uuid, code text, reason text) RETURNS integer
    LANGUAGE plpgsql
    AS $_$
declare
  job   record;
  ended uuid;
  stopped integer := 0;
begin
  perform lock_asset(asset);
  for job in execute format(
    'select id, queue_name, message_id from %I
     where %I = $1 and job_state not in (''completed'', ''failed'')', job_table(kind), kind || '_id')
    using asset
  loop
    if job.message_id is not null then
      execute format('select from pgmq.%I where msg_id = $1 for update', 'q_' || job.queue_name)
        using job.message_id;
    end if;
    -- It may have ended while we waited for its message.
    execute format(
      'update %I set job_state = ''failed'', error_code = $2, error_message = $3,
              finished_at = clock_timestamp()
       where id = $1 and job_state not in (''completed'', ''failed'')
       returning id', job_table(kind))
      into ended using job.id, code, reason;
    continue when ended is null;
    if job.message_id is not null then perform pgmq.archive(job.queue_name, job.message_id); end if;
    stopped := stopped + 1;
  end loop;
  if stopped > 0 then perform pg_notify('stopped', asset::text); end if;
  return stopped;
end
$_$;

CREATE FUNCTION public.switch_embeddings(wanted_course uuid, wanted_model text) RETURNS integer
    LANGUAGE plpgsql
    AS $_$
declare
  chunks   text;
  switched integer;
  total    integer := 0;
begin
  foreach chunks in array array['lecture_chunks', 'slide_chunks'] loop
    execute format('
      with switching as (
        select c.id, c.course_id, c.embedding_model as former_model, c.embedding as former,
               s.content_md5, s.embedding
        from %1$I c
        join shelved_embeddings s on s.chunk_id = c.id and s.content_md5 = md5(c.content)
        where s.embedding_model = $2 and c.embedding_model <> $2
          and ($1 is null or c.course_id = $1)
        for update of c
      ),
      taken as (
        delete from shelved_embeddings s using switching w
        where s.chunk_id = w.id and s.embedding_model = $2
      ),
      shelved as (
        insert into shelved_embeddings
          (chunk_id, course_id, embedding_model, embedding, content_md5, retired_at)
        select id, course_id, former_model, former, content_md5, now() from switching
        on conflict (chunk_id, embedding_model) do update set
          embedding = excluded.embedding, content_md5 = excluded.content_md5, retired_at = now()
      ),
      used as (
        update %1$I c set embedding = w.embedding, embedding_model = $2
        from switching w where c.id = w.id
        returning c.id
      )
      select count(*) from used', chunks)
      into switched using wanted_course, wanted_model;
    total := total + switched;
  end loop;
  if total > 0 then
    perform record_event(case when wanted_course is null then 'system' else 'course' end,
      wanted_course, wanted_course, 'embeddings_switched',
      jsonb_build_object('model', wanted_model, 'chunks', total));
  end if;
  return total;
end
$_$;

CREATE FUNCTION public.touch_updated_at() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
  new.updated_at := now();
  return new;
end
$$;

CREATE FUNCTION public.transcribe_after_all(lecture uuid, wanted_priority text) RETURNS uuid
    LANGUAGE plpgsql
    AS $$
begin
  perform lock_asset(lecture);
  perform from lectures l
  where l.id = lecture and l.deleted_at is null and not l.transcription
    and not exists (select from lecture_transcripts t where t.lecture_id = l.id);
  if not found then return null; end if;
  return begin_transcription(lecture, wanted_priority, 'A transcript is wanted after all');
end
$$;

CREATE FUNCTION public.transcribe_from_sound(lecture uuid, wanted_title text, wanted_priority text) RETURNS uuid
    LANGUAGE plpgsql
    AS $$
begin
  perform lock_asset(lecture);
  update lectures l set source = 'upload', transcription = true, title = coalesce(l.title, wanted_title)
  where l.id = lecture and l.deleted_at is null
    and (l.status in ('completed', 'failed') or not l.transcription)
    and not exists (select from lecture_transcripts t where t.lecture_id = l.id);
  if not found then return null; end if;
  return coalesce(retry_lecture(lecture),
                  begin_transcription(lecture, wanted_priority, 'Its sound was brought instead'));
end
$$;

SET default_tablespace = '';

SET default_table_access_method = heap;

CREATE TABLE public.agui_assets (
    id integer NOT NULL,
    bundle_version text NOT NULL,
    checksum text NOT NULL,
    served_at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE SEQUENCE public.agui_assets_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE public.agui_assets_id_seq OWNED BY public.agui_assets.id;

CREATE TABLE public.api_keys (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    name text NOT NULL,
    key_id text NOT NULL,
    hashed_key text NOT NULL,
    scopes text[] NOT NULL,
    course_ids uuid[],
    rate_per_minute integer,
    expires_at timestamp with time zone,
    revoked_at timestamp with time zone,
    last_used_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT api_keys_rate_per_minute_check CHECK ((rate_per_minute > 0)),
    CONSTRAINT api_keys_scopes_check CHECK (((scopes <@ ARRAY['read'::text, 'ingest'::text, 'chat'::text, 'admin'::text]) AND (scopes <> '{}'::text[])))
);

CREATE TABLE public.chat_messages (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    session_id uuid NOT NULL,
    "position" bigint NOT NULL,
    role text NOT NULL,
    content text NOT NULL,
    client_id text,
    run_id text,
    turn_id uuid,
    step smallint,
    metadata jsonb DEFAULT '{}'::jsonb NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT chat_messages_check CHECK (((role = 'assistant'::text) = ((turn_id IS NOT NULL) AND (step IS NOT NULL)))),
    CONSTRAINT chat_messages_role_check CHECK ((role = ANY (ARRAY['user'::text, 'assistant'::text, 'system'::text]))),
    CONSTRAINT chat_messages_step_check CHECK ((step >= 0))
);

ALTER TABLE public.chat_messages ALTER COLUMN "position" ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.chat_messages_position_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.chat_sessions (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    course_id uuid NOT NULL,
    user_id uuid,
    thread_id text,
    session_label text,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE public.courses (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    name text NOT NULL,
    description text,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT courses_name_check CHECK ((name <> ''::text))
);

CREATE TABLE public.document_jobs (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    document_id uuid NOT NULL,
    job_state text DEFAULT 'pending'::text NOT NULL,
    progress_percent smallint DEFAULT 0 NOT NULL,
    error_code text,
    error_message text,
    priority text DEFAULT 'normal'::text NOT NULL,
    queue_name text,
    message_id bigint,
    attempt integer DEFAULT 0 NOT NULL,
    errors integer DEFAULT 0 NOT NULL,
    handed_back integer DEFAULT 0 NOT NULL,
    advanced boolean DEFAULT false NOT NULL,
    log jsonb DEFAULT '[]'::jsonb NOT NULL,
    started_at timestamp with time zone,
    finished_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT document_jobs_check CHECK (((job_state <> 'failed'::text) OR (error_message <> ''::text))),
    CONSTRAINT document_jobs_check1 CHECK (((job_state <> 'completed'::text) OR (finished_at IS NOT NULL))),
    CONSTRAINT document_jobs_job_state_check CHECK ((job_state = ANY (ARRAY['pending'::text, 'describing'::text, 'embedding'::text, 'completed'::text, 'failed'::text]))),
    CONSTRAINT document_jobs_priority_check CHECK ((priority = ANY (ARRAY['normal'::text, 'high'::text]))),
    CONSTRAINT document_jobs_progress_percent_check CHECK (((progress_percent >= 0) AND (progress_percent <= 100)))
);

CREATE TABLE public.documents (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    course_id uuid NOT NULL,
    filename text NOT NULL,
    title text,
    storage_url text NOT NULL,
    mime_type text DEFAULT 'application/pdf'::text NOT NULL,
    size_bytes bigint NOT NULL,
    sha256 text NOT NULL,
    page_count integer,
    language_code text,
    status text DEFAULT 'uploaded'::text NOT NULL,
    status_reason text,
    description_job_id uuid,
    metadata jsonb DEFAULT '{}'::jsonb NOT NULL,
    deleted_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT documents_check CHECK (((status <> 'failed'::text) OR (status_reason <> ''::text))),
    CONSTRAINT documents_page_count_check CHECK ((page_count > 0)),
    CONSTRAINT documents_sha256_check CHECK ((sha256 ~ '^[0-9a-f]{64}$'::text)),
    CONSTRAINT documents_size_bytes_check CHECK ((size_bytes >= 0)),
    CONSTRAINT documents_status_check CHECK ((status = ANY (ARRAY['uploaded'::text, 'described'::text, 'embedding'::text, 'completed'::text, 'failed'::text])))
);

CREATE TABLE public.idempotency_keys (
    key text NOT NULL,
    route text NOT NULL,
    request_hash text NOT NULL,
    status integer,
    body jsonb,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE public.lecture_chunks (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    lecture_id uuid NOT NULL,
    course_id uuid NOT NULL,
    chunk_index integer NOT NULL,
    start_ms integer NOT NULL,
    end_ms integer NOT NULL,
    content text NOT NULL,
    metadata jsonb DEFAULT '{}'::jsonb NOT NULL,
    text_config regconfig DEFAULT 'simple'::regconfig NOT NULL,
    tsv tsvector GENERATED ALWAYS AS (to_tsvector(text_config, content)) STORED,
    embedding public.vector(1536),
    embedding_model text,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT lecture_chunks_check CHECK ((end_ms >= start_ms)),
    CONSTRAINT lecture_chunks_check1 CHECK (((embedding IS NULL) = (embedding_model IS NULL))),
    CONSTRAINT lecture_chunks_chunk_index_check CHECK ((chunk_index >= 0)),
    CONSTRAINT lecture_chunks_start_ms_check CHECK ((start_ms >= 0))
);
ALTER TABLE ONLY public.lecture_chunks ALTER COLUMN tsv SET STORAGE MAIN;
ALTER TABLE ONLY public.lecture_chunks ALTER COLUMN embedding SET STORAGE PLAIN;

CREATE TABLE public.lecture_download_jobs (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    lecture_id uuid NOT NULL,
    panopto_reference text,
    job_state text DEFAULT 'pending'::text NOT NULL,
    progress_percent smallint DEFAULT 0 NOT NULL,
    error_code text,
    error_message text,
    priority text DEFAULT 'normal'::text NOT NULL,
    queue_name text,
    message_id bigint,
    attempt integer DEFAULT 0 NOT NULL,
    errors integer DEFAULT 0 NOT NULL,
    handed_back integer DEFAULT 0 NOT NULL,
    advanced boolean DEFAULT false NOT NULL,
    log jsonb DEFAULT '[]'::jsonb NOT NULL,
    started_at timestamp with time zone,
    finished_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT lecture_download_jobs_check CHECK (((job_state <> 'failed'::text) OR (error_message <> ''::text))),
    CONSTRAINT lecture_download_jobs_check1 CHECK (((job_state <> 'completed'::text) OR (finished_at IS NOT NULL))),
    CONSTRAINT lecture_download_jobs_job_state_check CHECK ((job_state = ANY (ARRAY['pending'::text, 'downloading'::text, 'transcribing'::text, 'embedding'::text, 'completed'::text, 'failed'::text]))),
    CONSTRAINT lecture_download_jobs_priority_check CHECK ((priority = ANY (ARRAY['normal'::text, 'high'::text]))),
    CONSTRAINT lecture_download_jobs_progress_percent_check CHECK (((progress_percent >= 0) AND (progress_percent <= 100)))
);

CREATE TABLE public.lecture_transcripts (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    lecture_id uuid NOT NULL,
    transcript_text text NOT NULL,
    word_segments jsonb NOT NULL,
    language_code text,
    token_count integer NOT NULL,
    provider text NOT NULL,
    model text,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT lecture_transcripts_token_count_check CHECK ((token_count >= 0))
);

CREATE TABLE public.lectures (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    course_id uuid NOT NULL,
    source text NOT NULL,
    panopto_session_id text,
    panopto_url text,
    title text,
    transcription boolean DEFAULT true NOT NULL,
    status text DEFAULT 'pending'::text NOT NULL,
    status_reason text,
    audio_duration_seconds integer,
    language_code text,
    transcript_status text DEFAULT 'pending'::text NOT NULL,
    embed_status text DEFAULT 'pending'::text NOT NULL,
    slide_changes jsonb DEFAULT '[]'::jsonb NOT NULL,
    last_job_id uuid,
    metadata jsonb DEFAULT '{}'::jsonb NOT NULL,
    deleted_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT lectures_audio_duration_seconds_check CHECK ((audio_duration_seconds >= 0)),
    CONSTRAINT lectures_check CHECK (((source = 'upload'::text) OR ((panopto_session_id IS NOT NULL) AND (panopto_url IS NOT NULL)))),
    CONSTRAINT lectures_check1 CHECK (((status <> 'failed'::text) OR (status_reason <> ''::text))),
    CONSTRAINT lectures_embed_status_check CHECK ((embed_status = ANY (ARRAY['pending'::text, 'processing'::text, 'completed'::text, 'failed'::text, 'skipped'::text]))),
    CONSTRAINT lectures_source_check CHECK ((source = ANY (ARRAY['panopto'::text, 'upload'::text]))),
    CONSTRAINT lectures_status_check CHECK ((status = ANY (ARRAY['pending'::text, 'downloading'::text, 'transcribing'::text, 'embedding'::text, 'completed'::text, 'failed'::text]))),
    CONSTRAINT lectures_transcript_status_check CHECK ((transcript_status = ANY (ARRAY['pending'::text, 'processing'::text, 'completed'::text, 'failed'::text, 'skipped'::text])))
);

CREATE TABLE public.processing_events (
    id bigint NOT NULL,
    asset_type text NOT NULL,
    asset_id uuid,
    course_id uuid,
    event_type text NOT NULL,
    payload jsonb DEFAULT '{}'::jsonb NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT processing_events_asset_type_check CHECK ((asset_type = ANY (ARRAY['lecture'::text, 'document'::text, 'course'::text, 'system'::text])))
);

ALTER TABLE public.processing_events ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.processing_events_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.provider_calls (
    id bigint NOT NULL,
    call_key text NOT NULL,
    asset_type text,
    asset_id uuid,
    purpose text NOT NULL,
    provider text NOT NULL,
    model text,
    usage jsonb DEFAULT '{}'::jsonb NOT NULL,
    outcome text NOT NULL,
    error_code text,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT provider_calls_asset_type_check CHECK ((asset_type = ANY (ARRAY['lecture'::text, 'document'::text]))),
    CONSTRAINT provider_calls_outcome_check CHECK ((outcome = ANY (ARRAY['ok'::text, 'error'::text])))
);

ALTER TABLE public.provider_calls ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.provider_calls_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.schema_migrations (
    name text NOT NULL,
    sha256 text NOT NULL,
    applied_at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE public.shelved_embeddings (
    chunk_id uuid NOT NULL,
    course_id uuid NOT NULL,
    embedding_model text NOT NULL,
    embedding public.vector(1536) NOT NULL,
    content_md5 text NOT NULL,
    retired_at timestamp with time zone
);

CREATE TABLE public.slide_chunks (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    document_id uuid NOT NULL,
    course_id uuid NOT NULL,
    chunk_index integer NOT NULL,
    page_number integer NOT NULL,
    page_end integer NOT NULL,
    content text NOT NULL,
    metadata jsonb DEFAULT '{}'::jsonb NOT NULL,
    text_config regconfig DEFAULT 'simple'::regconfig NOT NULL,
    tsv tsvector GENERATED ALWAYS AS (to_tsvector(text_config, content)) STORED,
    embedding public.vector(1536),
    embedding_model text,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT slide_chunks_check CHECK ((page_end >= page_number)),
    CONSTRAINT slide_chunks_check1 CHECK (((embedding IS NULL) = (embedding_model IS NULL))),
    CONSTRAINT slide_chunks_chunk_index_check CHECK ((chunk_index >= 0)),
    CONSTRAINT slide_chunks_page_number_check CHECK ((page_number > 0))
);
ALTER TABLE ONLY public.slide_chunks ALTER COLUMN tsv SET STORAGE MAIN;
ALTER TABLE ONLY public.slide_chunks ALTER COLUMN embedding SET STORAGE PLAIN;

CREATE TABLE public.slide_descriptions (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    document_id uuid NOT NULL,
    page_number integer NOT NULL,
    raw_description text NOT NULL,
    normalized_description text NOT NULL,
    described_by text NOT NULL,
    metadata jsonb DEFAULT '{}'::jsonb NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT slide_descriptions_described_by_check CHECK ((described_by = ANY (ARRAY['model'::text, 'ocr'::text, 'text'::text]))),
    CONSTRAINT slide_descriptions_page_number_check CHECK ((page_number > 0))
);

CREATE TABLE public.status_transitions (
    entity text NOT NULL,
    from_status text NOT NULL,
    to_status text NOT NULL
);

CREATE TABLE public.unclaimed_files (
    document_id uuid NOT NULL,
    since timestamp with time zone DEFAULT now() NOT NULL,
    doomed boolean DEFAULT false NOT NULL
);

CREATE TABLE public.users (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    email text,
    display_name text,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);

ALTER TABLE ONLY public.agui_assets ALTER COLUMN id SET DEFAULT nextval('public.agui_assets_id_seq'::regclass);

ALTER TABLE ONLY public.agui_assets
    ADD CONSTRAINT agui_assets_checksum_key UNIQUE (checksum);

ALTER TABLE ONLY public.agui_assets
    ADD CONSTRAINT agui_assets_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.api_keys
    ADD CONSTRAINT api_keys_key_id_key UNIQUE (key_id);

ALTER TABLE ONLY public.api_keys
    ADD CONSTRAINT api_keys_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.chat_messages
    ADD CONSTRAINT chat_messages_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.chat_messages
    ADD CONSTRAINT chat_messages_session_id_position_key UNIQUE (session_id, "position");

ALTER TABLE ONLY public.chat_messages
    ADD CONSTRAINT chat_messages_turn_id_step_key UNIQUE (turn_id, step);

ALTER TABLE ONLY public.chat_sessions
    ADD CONSTRAINT chat_sessions_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.courses
    ADD CONSTRAINT courses_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.document_jobs
    ADD CONSTRAINT document_jobs_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.documents
    ADD CONSTRAINT documents_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.idempotency_keys
    ADD CONSTRAINT idempotency_keys_pkey PRIMARY KEY (key, route);

ALTER TABLE ONLY public.lecture_chunks
    ADD CONSTRAINT lecture_chunks_lecture_id_chunk_index_key UNIQUE (lecture_id, chunk_index);

ALTER TABLE ONLY public.lecture_chunks
    ADD CONSTRAINT lecture_chunks_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.lecture_download_jobs
    ADD CONSTRAINT lecture_download_jobs_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.lecture_transcripts
    ADD CONSTRAINT lecture_transcripts_lecture_id_key UNIQUE (lecture_id);

ALTER TABLE ONLY public.lecture_transcripts
    ADD CONSTRAINT lecture_transcripts_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.lectures
    ADD CONSTRAINT lectures_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.processing_events
    ADD CONSTRAINT processing_events_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.provider_calls
    ADD CONSTRAINT provider_calls_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.schema_migrations
    ADD CONSTRAINT schema_migrations_pkey PRIMARY KEY (name);

ALTER TABLE ONLY public.shelved_embeddings
    ADD CONSTRAINT shelved_embeddings_pkey PRIMARY KEY (chunk_id, embedding_model);

ALTER TABLE ONLY public.slide_chunks
    ADD CONSTRAINT slide_chunks_document_id_chunk_index_key UNIQUE (document_id, chunk_index);

ALTER TABLE ONLY public.slide_chunks
    ADD CONSTRAINT slide_chunks_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.slide_descriptions
    ADD CONSTRAINT slide_descriptions_document_id_page_number_key UNIQUE (document_id, page_number);

ALTER TABLE ONLY public.slide_descriptions
    ADD CONSTRAINT slide_descriptions_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.status_transitions
    ADD CONSTRAINT status_transitions_pkey PRIMARY KEY (entity, from_status, to_status);

ALTER TABLE ONLY public.unclaimed_files
    ADD CONSTRAINT unclaimed_files_pkey PRIMARY KEY (document_id);

ALTER TABLE ONLY public.users
    ADD CONSTRAINT users_email_key UNIQUE (email);

ALTER TABLE ONLY public.users
    ADD CONSTRAINT users_pkey PRIMARY KEY (id);

CREATE UNIQUE INDEX chat_messages_client ON public.chat_messages USING btree (session_id, client_id);

CREATE INDEX chat_sessions_course ON public.chat_sessions USING btree (course_id, created_at DESC, id DESC);

CREATE INDEX courses_order ON public.courses USING btree (created_at, id);

CREATE INDEX document_jobs_of_document ON public.document_jobs USING btree (document_id, created_at);

CREATE UNIQUE INDEX document_jobs_unfinished ON public.document_jobs USING btree (document_id) WHERE (job_state <> ALL (ARRAY['completed'::text, 'failed'::text]));

CREATE UNIQUE INDEX documents_bytes ON public.documents USING btree (course_id, sha256) WHERE (deleted_at IS NULL);

CREATE INDEX documents_changed ON public.documents USING btree (updated_at, id);

CREATE INDEX documents_order ON public.documents USING btree (course_id, created_at, id);

CREATE INDEX documents_unfinished ON public.documents USING btree (status) WHERE (status <> 'completed'::text);

CREATE INDEX lecture_chunks_embedding ON public.lecture_chunks USING ivfflat (embedding public.vector_cosine_ops) WITH (lists='100');

CREATE INDEX lecture_chunks_kind ON public.lecture_chunks USING btree (course_id, embedding_model, text_config);

CREATE INDEX lecture_chunks_text ON public.lecture_chunks USING gin (tsv);

CREATE INDEX lecture_jobs_of_lecture ON public.lecture_download_jobs USING btree (lecture_id, created_at);

CREATE UNIQUE INDEX lecture_jobs_unfinished ON public.lecture_download_jobs USING btree (lecture_id) WHERE (job_state <> ALL (ARRAY['completed'::text, 'failed'::text]));

CREATE INDEX lectures_changed ON public.lectures USING btree (updated_at, id);

CREATE INDEX lectures_order ON public.lectures USING btree (course_id, created_at, id);

CREATE UNIQUE INDEX lectures_session ON public.lectures USING btree (course_id, panopto_session_id) WHERE (deleted_at IS NULL);

CREATE INDEX lectures_unfinished ON public.lectures USING btree (status) WHERE (status <> 'completed'::text);

CREATE INDEX processing_events_asset ON public.processing_events USING btree (asset_id, id);

CREATE INDEX processing_events_course ON public.processing_events USING btree (course_id, id);

CREATE INDEX provider_calls_asset ON public.provider_calls USING btree (asset_id);

CREATE UNIQUE INDEX provider_calls_bought ON public.provider_calls USING btree (call_key) WHERE (outcome = 'ok'::text);

CREATE INDEX shelved_embeddings_course ON public.shelved_embeddings USING btree (course_id, embedding_model);

CREATE INDEX slide_chunks_embedding ON public.slide_chunks USING ivfflat (embedding public.vector_cosine_ops) WITH (lists='100');

CREATE INDEX slide_chunks_kind ON public.slide_chunks USING btree (course_id, embedding_model, text_config);

CREATE INDEX slide_chunks_text ON public.slide_chunks USING gin (tsv);

CREATE INDEX unclaimed_files_age ON public.unclaimed_files USING btree (since);

CREATE TRIGGER chat_sessions_touch BEFORE UPDATE ON public.chat_sessions FOR EACH ROW EXECUTE FUNCTION public.touch_updated_at();

CREATE TRIGGER courses_touch BEFORE UPDATE ON public.courses FOR EACH ROW EXECUTE FUNCTION public.touch_updated_at();

CREATE TRIGGER document_jobs_inserted AFTER INSERT ON public.document_jobs FOR EACH ROW EXECUTE FUNCTION public.document_follows_job();

CREATE TRIGGER document_jobs_moved AFTER UPDATE OF job_state ON public.document_jobs FOR EACH ROW WHEN ((old.job_state IS DISTINCT FROM new.job_state)) EXECUTE FUNCTION public.document_follows_job();

CREATE TRIGGER document_jobs_state BEFORE UPDATE OF job_state ON public.document_jobs FOR EACH ROW EXECUTE FUNCTION public.guard_status('document_job', 'job_state');

CREATE TRIGGER document_jobs_touch BEFORE UPDATE ON public.document_jobs FOR EACH ROW EXECUTE FUNCTION public.touch_updated_at();

CREATE TRIGGER documents_inserted AFTER INSERT ON public.documents FOR EACH ROW EXECUTE FUNCTION public.record_document_status();

CREATE TRIGGER documents_moved AFTER UPDATE OF status ON public.documents FOR EACH ROW WHEN ((old.status IS DISTINCT FROM new.status)) EXECUTE FUNCTION public.record_document_status();

CREATE TRIGGER documents_status BEFORE UPDATE OF status ON public.documents FOR EACH ROW EXECUTE FUNCTION public.guard_status('document', 'status');

CREATE TRIGGER documents_touch BEFORE UPDATE ON public.documents FOR EACH ROW EXECUTE FUNCTION public.touch_updated_at();

CREATE TRIGGER lecture_chunks_forgotten AFTER DELETE ON public.lecture_chunks REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION public.forget_shelved_embeddings();

CREATE TRIGGER lecture_jobs_inserted AFTER INSERT ON public.lecture_download_jobs FOR EACH ROW EXECUTE FUNCTION public.lecture_follows_job();

CREATE TRIGGER lecture_jobs_moved AFTER UPDATE OF job_state ON public.lecture_download_jobs FOR EACH ROW WHEN ((old.job_state IS DISTINCT FROM new.job_state)) EXECUTE FUNCTION public.lecture_follows_job();

CREATE TRIGGER lecture_jobs_state BEFORE UPDATE OF job_state ON public.lecture_download_jobs FOR EACH ROW EXECUTE FUNCTION public.guard_status('lecture_job', 'job_state');

CREATE TRIGGER lecture_jobs_touch BEFORE UPDATE ON public.lecture_download_jobs FOR EACH ROW EXECUTE FUNCTION public.touch_updated_at();

CREATE TRIGGER lecture_transcripts_touch BEFORE UPDATE ON public.lecture_transcripts FOR EACH ROW EXECUTE FUNCTION public.touch_updated_at();

CREATE TRIGGER lectures_embed_status BEFORE UPDATE OF embed_status ON public.lectures FOR EACH ROW EXECUTE FUNCTION public.guard_status('part', 'embed_status');

CREATE TRIGGER lectures_touch BEFORE UPDATE ON public.lectures FOR EACH ROW EXECUTE FUNCTION public.touch_updated_at();

CREATE TRIGGER lectures_transcript_status BEFORE UPDATE OF transcript_status ON public.lectures FOR EACH ROW EXECUTE FUNCTION public.guard_status('part', 'transcript_status');

CREATE TRIGGER slide_chunks_forgotten AFTER DELETE ON public.slide_chunks REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION public.forget_shelved_embeddings();

ALTER TABLE ONLY public.chat_messages
    ADD CONSTRAINT chat_messages_session_id_fkey FOREIGN KEY (session_id) REFERENCES public.chat_sessions(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.chat_messages
    ADD CONSTRAINT chat_messages_turn_id_fkey FOREIGN KEY (turn_id) REFERENCES public.chat_messages(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.chat_sessions
    ADD CONSTRAINT chat_sessions_course_id_fkey FOREIGN KEY (course_id) REFERENCES public.courses(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.chat_sessions
    ADD CONSTRAINT chat_sessions_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE SET NULL;

ALTER TABLE ONLY public.document_jobs
    ADD CONSTRAINT document_jobs_document_id_fkey FOREIGN KEY (document_id) REFERENCES public.documents(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.documents
    ADD CONSTRAINT documents_course_id_fkey FOREIGN KEY (course_id) REFERENCES public.courses(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.lecture_chunks
    ADD CONSTRAINT lecture_chunks_course_id_fkey FOREIGN KEY (course_id) REFERENCES public.courses(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.lecture_chunks
    ADD CONSTRAINT lecture_chunks_lecture_id_fkey FOREIGN KEY (lecture_id) REFERENCES public.lectures(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.lecture_download_jobs
    ADD CONSTRAINT lecture_download_jobs_lecture_id_fkey FOREIGN KEY (lecture_id) REFERENCES public.lectures(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.lecture_transcripts
    ADD CONSTRAINT lecture_transcripts_lecture_id_fkey FOREIGN KEY (lecture_id) REFERENCES public.lectures(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.lectures
    ADD CONSTRAINT lectures_course_id_fkey FOREIGN KEY (course_id) REFERENCES public.courses(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.shelved_embeddings
    ADD CONSTRAINT shelved_embeddings_course_id_fkey FOREIGN KEY (course_id) REFERENCES public.courses(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.slide_chunks
    ADD CONSTRAINT slide_chunks_course_id_fkey FOREIGN KEY (course_id) REFERENCES public.courses(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.slide_chunks
    ADD CONSTRAINT slide_chunks_document_id_fkey FOREIGN KEY (document_id) REFERENCES public.documents(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.slide_descriptions
    ADD CONSTRAINT slide_descriptions_document_id_fkey FOREIGN KEY (document_id) REFERENCES public.documents(id) ON DELETE CASCADE;
