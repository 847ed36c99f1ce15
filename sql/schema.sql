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

CREATE TYPE public.claimed_job AS (
	queue_name text,
	message_id bigint,
	attempt integer,
	kind text,
	job_id uuid,
	asset_id uuid,
	errors integer,
	crashes integer,
	interruptions integer,
	quarantined boolean,
	course_id uuid,
	request_id text,
	traceparent text,
	taken_over_from text
);

CREATE TYPE public.webhook_attempt AS (
	endpoint_id uuid,
	claim uuid,
	url text,
	secrets text[],
	failures integer,
	delivery_id bigint,
	message_id uuid,
	sequence bigint,
	event_type text,
	course_id uuid,
	data jsonb,
	question text,
	occurred_at timestamp with time zone
);

CREATE FUNCTION public.acknowledge_webhook(p_endpoint_id uuid, p_claim uuid, p_delivery_id bigint, p_now timestamp with time zone, p_lease_seconds integer, p_more boolean) RETURNS SETOF public.webhook_attempt
    LANGUAGE plpgsql
    AS $$
declare
  attempt webhook_attempt;
begin
  -- Also when the claim was lost, so that the next sender does not repeat the message.
  update webhook_messages set acknowledged_at = p_now where id = p_delivery_id and acknowledged_at is null;
  update webhook_endpoints e set failures = 0, failing_since = null, last_error = null,
    next_attempt_at = p_now, claimed_until = p_now + p_lease_seconds * interval '1 second'
  where e.id = p_endpoint_id and e.claim = p_claim;
  if not found then return; end if;
  if p_more and (select enabled from webhook_endpoints where id = p_endpoint_id) then
    attempt := take_webhook_message(p_endpoint_id, p_now);
    if attempt.delivery_id is not null then
      return next attempt;
      return;
    end if;
  end if;
  update webhook_endpoints set claim = null, claimed_until = null where id = p_endpoint_id;
end
$$;

SET default_tablespace = '';

SET default_table_access_method = heap;

CREATE TABLE public.transcript_corrections (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    seq bigint NOT NULL,
    course_id uuid NOT NULL,
    lecture_id uuid,
    owner_id uuid,
    start_ms integer,
    nth_at_start integer,
    expected text NOT NULL,
    replacement text NOT NULL,
    match_case boolean DEFAULT false NOT NULL,
    key_id text,
    user_id uuid,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    undone_at timestamp with time zone,
    CONSTRAINT transcript_corrections_check CHECK (((lecture_id IS NULL) = (start_ms IS NULL))),
    CONSTRAINT transcript_corrections_check1 CHECK (((lecture_id IS NULL) = (nth_at_start IS NULL))),
    CONSTRAINT transcript_corrections_expected_check CHECK ((expected <> ''::text)),
    CONSTRAINT transcript_corrections_nth_at_start_check CHECK ((nth_at_start >= 0)),
    CONSTRAINT transcript_corrections_replacement_check CHECK ((replacement <> ''::text)),
    CONSTRAINT transcript_corrections_start_ms_check CHECK ((start_ms >= 0))
);

CREATE FUNCTION public.active_corrections(p_lecture_id uuid) RETURNS SETOF public.transcript_corrections
    LANGUAGE sql STABLE
    AS $$
  select c.* from lectures l join transcript_corrections c on c.course_id = l.course_id
  where l.id = p_lecture_id and c.undone_at is null
    and (c.lecture_id = l.id or c.lecture_id is null and c.owner_id is not distinct from l.owner_id)
  order by c.seq;
$$;

CREATE FUNCTION public.add_correction(p_lecture_id uuid, p_start_ms integer, p_nth_at_start integer, p_expected text, p_replacement text, p_match_case boolean, p_key_id text, p_user_id uuid, p_lecture_ids uuid[], p_limit integer) RETURNS TABLE(correction_id uuid, lecture_id uuid, job_id uuid)
    LANGUAGE plpgsql
    AS $$
declare
  added    transcript_corrections;
  former   transcript_corrections;
  affected uuid[] := p_lecture_ids;
begin
  perform lock_corrections(p_lecture_id);
  select c.* into former from active_corrections(p_lecture_id) c
  where c.start_ms is not distinct from p_start_ms and c.nth_at_start is not distinct from p_nth_at_start
    and c.match_case = p_match_case
    and (c.expected = p_expected or not p_match_case and lower(c.expected) = lower(p_expected))
  order by c.seq desc limit 1;
  if found and former.replacement = p_replacement then
    correction_id := former.id;
    return next;
    return;
  end if;
  if found then
    update transcript_corrections c set undone_at = clock_timestamp() where c.id = former.id;
    affected := affected || array(select * from lectures_changed_by(former));
  elsif p_limit <= (select count(*) from active_corrections(p_lecture_id) c
                    where (c.start_ms is null) = (p_start_ms is null)) then
    return next;
    return;
  end if;
  insert into transcript_corrections as c
    (course_id, lecture_id, owner_id, start_ms, nth_at_start, expected, replacement, match_case, key_id,
     user_id)
  select l.course_id, case when p_start_ms is not null then l.id end,
         case when p_start_ms is null then l.owner_id end, p_start_ms, p_nth_at_start, p_expected,
         p_replacement, p_match_case, p_key_id, p_user_id
  from lectures l where l.id = p_lecture_id and l.deleted_at is null
  returning c.* into added;
  if not found then return; end if;
  perform record_event('lecture', p_lecture_id, added.course_id, 'transcript_correction_added',
    jsonb_build_object('correction_id', added.id, 'is_rule', added.lecture_id is null));
  correction_id := added.id;
  if added.lecture_id is not null then
    lecture_id := p_lecture_id;
    job_id := apply_corrections(p_lecture_id, 'high');
    return next;
    return;
  end if;
  for lecture_id, job_id in select a.lecture_id, a.job_id from apply_rule(added, affected) a loop
    return next;
  end loop;
  if not found then return next; end if;
end
$$;

CREATE FUNCTION public.add_release(p_kind text, p_asset_id uuid, p_visible_from timestamp with time zone, p_page_releases jsonb) RETURNS void
    LANGUAGE plpgsql
    AS $$
declare
  course uuid;
begin
  if p_visible_from is null and p_page_releases = '[]' then return; end if;
  if p_kind = 'lecture' then
    update lectures set visible_from = coalesce(p_visible_from, visible_from)
    where id = p_asset_id returning course_id into course;
  else
    update documents set visible_from = coalesce(p_visible_from, visible_from)
    where id = p_asset_id returning course_id into course;
    insert into page_releases (document_id, page_from, page_to, visible_from)
    select p_asset_id, r.page_from, r.page_to, r.visible_from
    from jsonb_to_recordset(p_page_releases) as r (page_from int, page_to int, visible_from timestamptz);
  end if;
  perform record_event(p_kind, p_asset_id, course, 'release_changed', jsonb_build_object(
    'visible_from', p_visible_from, 'page_releases', p_page_releases));
end
$$;

CREATE FUNCTION public.add_transcription(p_lecture_id uuid, p_priority text) RETURNS uuid
    LANGUAGE plpgsql
    AS $$
begin
  perform lock_asset(p_lecture_id);
  perform from lectures l
  where l.id = p_lecture_id and l.deleted_at is null and not l.transcription
    and not exists (select from lecture_transcripts t where t.lecture_id = l.id);
  if not found then return null; end if;
  return begin_transcription(p_lecture_id, p_priority, 'A transcription was requested');
end
$$;

CREATE FUNCTION public.align_course_later() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
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

CREATE FUNCTION public.align_lecture_later() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
  perform request_alignments(array[new.id]);
  return null;
end
$$;

CREATE FUNCTION public.align_transcript_later() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
  perform request_alignments(array[new.lecture_id]);
  return null;
end
$$;

CREATE FUNCTION public.apply_corrections(p_lecture_id uuid, p_priority text) RETURNS uuid
    LANGUAGE plpgsql
    AS $$
declare
  course uuid;
  job    jobs;
begin
  perform lock_asset(p_lecture_id);
  select l.course_id into course from lectures l where l.id = p_lecture_id and l.deleted_at is null;
  if not found then return null; end if;
  loop
    select j.* into job from jobs j
    where j.asset_id = p_lecture_id and j.job_state not in ('completed', 'failed');
    exit when not found;
    perform lock_message(job.queue_name, job.message_id);
    -- The lock keeps the job from its next step until the correction is committed.
    select j.* into job from jobs j where j.id = job.id for update;
    -- A job that ended while this function waited can have been followed by another.
    exit when job.job_state not in ('completed', 'failed');
  end loop;
  if job.job_state in ('pending', 'downloading', 'transcribing') then
    update lecture_transcripts t set corrections_due = true from lectures l
    where t.lecture_id = p_lecture_id and l.id = t.lecture_id and l.retranscribing;
    return case when job.job_state = 'pending' then job.id end;
  end if;
  if job.job_state = 'embedding' then
    perform stop_job(p_lecture_id, 'cancelled', 'A correction of the transcript starts it again');
  end if;
  perform from lecture_transcripts t where t.lecture_id = p_lecture_id;
  if not found then return null; end if;
  return create_correction_job(p_lecture_id, course, p_priority);
end
$$;

CREATE FUNCTION public.apply_due_corrections(p_lecture_id uuid) RETURNS void
    LANGUAGE plpgsql
    AS $$
declare
  course uuid;
begin
  select l.course_id into course from lectures l join lecture_transcripts t on t.lecture_id = l.id
  where l.id = p_lecture_id and l.deleted_at is null and t.corrections_due
    and not exists (select from draft_transcripts d where d.lecture_id = l.id);
  if found then perform create_correction_job(p_lecture_id, course, 'high'); end if;
end
$$;

CREATE FUNCTION public.apply_rule(p_rule public.transcript_corrections, p_lecture_ids uuid[]) RETURNS TABLE(lecture_id uuid, job_id uuid)
    LANGUAGE plpgsql
    AS $$
declare
  lecture uuid;
begin
  for lecture in
    select l.id from lectures l
    where l.course_id = p_rule.course_id and l.deleted_at is null
      and l.owner_id is not distinct from p_rule.owner_id
      and (l.id = any(p_lecture_ids) or exists (
        select from jobs j where j.asset_id = l.id and j.job_state not in ('completed', 'failed')))
    order by l.id
  loop
    lecture_id := lecture;
    job_id := apply_corrections(lecture, 'normal');
    if job_id is not null then return next; end if;
  end loop;
end
$$;

CREATE FUNCTION public.assign_slides(p_lecture_id uuid, p_document_ids uuid[]) RETURNS boolean
    LANGUAGE plpgsql
    AS $$
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

CREATE FUNCTION public.begin_call(p_id uuid, p_job_id uuid, p_course_id uuid, p_message_id bigint, p_attempt integer, p_call_key text, p_purpose text, p_provider text, p_model text, p_usage jsonb, p_terms text[], p_is_free boolean, p_budget jsonb, p_max_concurrent integer, p_probe_seconds numeric, OUT verdict text, OUT call_id uuid, OUT request_id text, OUT wait_seconds numeric, OUT exceeded jsonb) RETURNS record
    LANGUAGE plpgsql
    AS $_$
declare
  breaker provider_states;
  job     jobs;
begin
  call_id := p_id;
  perform from provider_calls c where c.id = p_id;
  if found then
    verdict := 'go'; -- the statement is repeated, because its result did not arrive
    return;
  end if;

  if p_job_id is not null then
    select j.* into job from jobs j
    where j.id = p_job_id and j.message_id = p_message_id and j.attempt = p_attempt
      and j.job_state not in ('completed', 'failed');
    if not found then
      verdict := 'lost';
      return;
    end if;
  else
    job.course_id := p_course_id;
  end if;
  breaker := lock_provider(p_provider); -- always locked before its calls
  -- The calls of earlier attempts of this job have no caller any more.
  update provider_calls c set state = 'lost', finished_at = clock_timestamp()
  where c.job_id = p_job_id and c.state = 'started' and c.request_id is null
    and (c.message_id, c.attempt) is distinct from (p_message_id, p_attempt);

  if breaker.open_until > clock_timestamp() then
    verdict := 'open';
    wait_seconds := extract(epoch from breaker.open_until - clock_timestamp());
    return;
  end if;

  -- Work that an earlier attempt of this job submitted is fetched by its id instead of bought again: it was
  -- still under way when the attempt ended, or its result was received and not stored.
  update provider_calls c set
    message_id = p_message_id, attempt = p_attempt, state = 'started', finished_at = null
  where c.id = (
    select w.id from provider_calls w
    where w.call_key = p_call_key and w.provider = p_provider
      and w.model is not distinct from p_model and w.job_id = p_job_id
      and w.state in ('started', 'lost', 'ok') and w.request_id is not null
    order by w.created_at desc limit 1)
  returning 'resume', c.id, c.request_id into verdict, call_id, request_id;

  if verdict is null and p_max_concurrent <= (
    select count(*) from provider_calls c where c.provider = p_provider and c.state = 'started'
  ) then
    verdict := 'busy';
    return;
  end if;

  if verdict is null and not p_is_free and job.course_id is not null
     and not coalesce(job.ignores_budget, false) then
    -- Calls to other providers count for the same limits, so they are checked one after another.
    if p_budget @? '$.*.*'
       or exists (select from courses c where c.id = job.course_id and c.budget @? '$.*.*') then
      perform pg_advisory_xact_lock(hashtextextended('budgets', 0));
    end if;
    exceeded := exceeded_budget(job.course_id, job.asset_id, p_usage,
                                call_cost(p_provider, p_model, p_usage), p_budget);
    if exceeded is not null then
      verdict := 'budget';
      return;
    end if;
  end if;

  if breaker.open_until is not null then
    update provider_states s
    set open_until = clock_timestamp() + make_interval(secs => p_probe_seconds)
    where s.provider = p_provider;
  end if;
  if verdict = 'resume' then return; end if;

  insert into provider_calls
    (id, call_key, purpose, provider, model, asset_type, asset_id, course_id, job_id, message_id,
     attempt, usage, terms, is_free)
  values
    (p_id, p_call_key, p_purpose, p_provider, p_model, job.kind, job.asset_id, job.course_id, p_job_id,
     p_message_id, p_attempt, p_usage, p_terms, p_is_free);
  verdict := 'go';
end
$_$;

CREATE FUNCTION public.begin_transcription(p_lecture_id uuid, p_priority text, p_why_stopped text) RETURNS uuid
    LANGUAGE plpgsql
    AS $$
declare
  course uuid;
begin
  perform stop_job(p_lecture_id, 'cancelled', p_why_stopped);
  update lectures set transcription = true, transcript_status = 'pending', embed_status = 'pending'
  where id = p_lecture_id returning course_id into course;
  return create_job('lecture', p_lecture_id, course, p_priority);
end
$$;

CREATE FUNCTION public.begin_unbilled_call(p_provider text, p_probe_seconds numeric) RETURNS numeric
    LANGUAGE plpgsql
    AS $$
declare
  breaker provider_states;
begin
  perform from provider_states s where s.provider = p_provider and s.open_until is not null;
  if not found then return 0; end if;
  breaker := lock_provider(p_provider);
  if breaker.open_until > clock_timestamp() then
    return extract(epoch from breaker.open_until - clock_timestamp());
  end if;
  update provider_states s set open_until = clock_timestamp() + make_interval(secs => p_probe_seconds)
  where s.provider = p_provider and s.open_until is not null;
  return 0;
end
$$;

CREATE FUNCTION public.bits_of(p_vector public.halfvec) RETURNS bit
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS $$
  select binary_quantize(subvector(p_vector, 1, 1024))::bit(1024)
$$;

CREATE FUNCTION public.build_beside(p_document_id uuid) RETURNS void
    LANGUAGE plpgsql
    AS $$
begin
  if has_published(p_document_id) then
    update documents set next_version_id = copy_current_version(p_document_id, null)
    where id = p_document_id and next_version_id is null;
  end if;
end
$$;

CREATE FUNCTION public.call_cost(p_provider text, p_model text, p_usage jsonb) RETURNS numeric
    LANGUAGE sql STABLE
    AS $$
  select sum(p.usd / p.per * (p_usage ->> p.unit)::numeric) from provider_prices p
  where p.provider = p_provider and p_usage ? p.unit
    and p.model = coalesce(
      (select own.model from provider_prices own
       where own.provider = p_provider and own.model = p_model limit 1), '*');
$$;

CREATE FUNCTION public.claim_alignment(p_lease_seconds integer) RETURNS TABLE(lecture_id uuid, revision bigint, attempts integer)
    LANGUAGE sql
    AS $$
  update due_alignments due set
    is_claimed = true, attempts = due.attempts + 1,
    due_at = clock_timestamp() + make_interval(secs => p_lease_seconds)
  where due.lecture_id = (
    select d.lecture_id from due_alignments d where d.due_at <= clock_timestamp()
    order by d.due_at limit 1 for update skip locked)
  returning due.lecture_id, due.revision, due.attempts;
$$;

CREATE FUNCTION public.claim_audio_file(p_lecture_id uuid, p_file_id uuid) RETURNS void
    LANGUAGE plpgsql
    AS $$
begin
  delete from unclaimed_audio where file_id = p_file_id and not removal_started;
  if not found then
    raise exception 'the audio file % is not in unclaimed_audio, or is being removed', p_file_id;
  end if;
  update lectures set audio_file_id = p_file_id where id = p_lecture_id;
end
$$;

CREATE FUNCTION public.claim_backup(p_place text, p_every_seconds double precision) RETURNS uuid
    LANGUAGE plpgsql
    AS $$
declare
  backup uuid;
begin
  perform pg_advisory_xact_lock(hashtextextended('backups', 0));
  update backups set finished_at = clock_timestamp(), error_code = 'cancelled',
    error_message = 'The process ended during the backup'
  where finished_at is null and seen_at < clock_timestamp() - interval '1 minute';
  if exists (select from backups where finished_at is null) then return null; end if;
  if p_every_seconds is not null and exists (
    select from backups
    where started_at > clock_timestamp() - make_interval(secs => case
      when error_code is null then p_every_seconds else least(p_every_seconds, 3600) end)
  ) then return null; end if;
  insert into backups (place) values (p_place) returning id into backup;
  return backup;
end
$$;

CREATE FUNCTION public.claim_document(p_document_id uuid, p_visibility_seconds integer) RETURNS TABLE(claim public.claimed_job, had_failed boolean)
    LANGUAGE plpgsql
    AS $$
declare
  job     jobs;
  message record;
begin
  perform lock_asset(p_document_id);
  select j.* into job from documents d join jobs j on j.id = d.description_job_id
  where d.id = p_document_id and d.deleted_at is null for update of j;
  if not found then return; end if;

  had_failed := job.job_state = 'failed';
  if had_failed then
    perform retry_document(p_document_id);
  elsif job.job_state = 'completed' then
    job.id := create_job('document', p_document_id, job.course_id, job.priority);
    update documents set status = 'uploaded' where id = p_document_id;
  end if;
  perform build_beside(p_document_id);

  select j.* into job from jobs j where j.id = job.id;
  -- A job that can crash its process must not run in the process that answers requests.
  if job.quarantined then return; end if;
  select * into message from read_message(job.queue_name, job.message_id, p_visibility_seconds);
  if not found then return; end if;
  claim := start_attempt(job.id, job.queue_name, job.message_id, message.attempt, null);
  if claim.job_id is not null then return next; end if;
end
$$;

CREATE FUNCTION public.claim_due_exam(p_kind text, p_settings jsonb, p_settled_seconds double precision, OUT course_id uuid, OUT holder uuid) RETURNS record
    LANGUAGE plpgsql
    AS $$
begin
  perform pg_advisory_xact_lock(hashtextextended('exams', 0));
  if exists (select from exam_turns t
             where t.holder is not null and t.seen_at > clock_timestamp() - interval '1 minute') then
    return;
  end if;
  select c.id into course_id from courses c
  where exists (
      select from exam_questions q
      left join lectures l on l.id = q.lecture_id
      left join documents d on d.id = q.document_id
      where q.course_id = c.id and coalesce(l.deleted_at, d.deleted_at) is null)
    and not exists (select from exam_turns t where t.course_id = c.id and t.retry_at > clock_timestamp())
    and (select r.settings from exam_runs r where r.course_id = c.id and r.kind = p_kind
         order by r.created_at desc, r.id desc limit 1) is distinct from p_settings
    and not exists (
      select from exam_runs r where r.course_id = c.id and r.kind = p_kind and r.settings = p_settings
        and r.created_at > clock_timestamp() - interval '1 day')
    and not exists (
      select from jobs j where j.course_id = c.id
        and (j.job_state not in ('completed', 'failed') and j.paused_at is null
             or j.updated_at > clock_timestamp() - make_interval(secs => p_settled_seconds)))
  order by c.created_at, c.id limit 1;
  if course_id is null then return; end if;
  holder := claim_exam(course_id);
  update exam_turns t set
    failures = t.failures + 1,
    retry_at = clock_timestamp() + least(interval '1 hour' * power(2, least(t.failures, 8)), interval '7 days')
  where t.course_id = claim_due_exam.course_id and t.holder = claim_due_exam.holder;
end
$$;

CREATE FUNCTION public.claim_exam(p_course_id uuid) RETURNS uuid
    LANGUAGE sql
    AS $$
  insert into exam_turns as t (course_id, holder, seen_at) values (p_course_id, gen_random_uuid(), clock_timestamp())
  on conflict (course_id) do update set holder = excluded.holder, seen_at = excluded.seen_at
    where t.holder is null or t.seen_at < clock_timestamp() - interval '1 minute'
  returning holder;
$$;

CREATE FUNCTION public.claim_file(p_file_id uuid) RETURNS void
    LANGUAGE plpgsql
    AS $$
begin
  delete from unclaimed_files where file_id = p_file_id and not removal_started;
  if not found then
    raise exception 'the file % is not in unclaimed_files, or is being removed', p_file_id;
  end if;
end
$$;

CREATE FUNCTION public.claim_job(p_queues text[], p_visibility_seconds integer, p_process_id uuid) RETURNS SETOF public.claimed_job
    LANGUAGE plpgsql
    AS $_$
declare
  queue   text;
  message record;
  claim   claimed_job;
begin
  if exists (select from queue_hold) then return; end if;
  foreach queue in array p_queues loop
    loop
      select * into message from read_next_message(queue, p_visibility_seconds);
      exit when not found;

      if coalesce(message.body ->> 'job_id', '') !~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then
        perform dead_letter_message(queue, message.message_id, message.body, 'message_invalid',
                                    'The message names no job');
        continue;
      end if;

      claim := start_attempt((message.body ->> 'job_id')::uuid, queue, message.message_id,
                             message.attempt, p_process_id);
      if claim.job_id is null then
        perform pgmq.archive(queue, message.message_id);
        continue;
      end if;
      return next claim;
      return;
    end loop;
  end loop;
end
$_$;

CREATE FUNCTION public.claim_webhook(p_now timestamp with time zone, p_lease_seconds integer) RETURNS SETOF public.webhook_attempt
    LANGUAGE plpgsql
    AS $$
declare
  endpoint uuid;
  attempt  webhook_attempt;
begin
  if exists (select from queue_hold) then return; end if;
  loop
    select e.id into endpoint from webhook_endpoints e
    where e.enabled and e.next_attempt_at <= p_now
      and (e.claimed_until is null or e.claimed_until <= p_now)
      and exists (select from webhook_messages m where m.endpoint_id = e.id and m.acknowledged_at is null)
    order by e.next_attempt_at, e.id limit 1
    for no key update skip locked;
    if not found then return; end if;
    update webhook_endpoints set claim = gen_random_uuid(),
      claimed_until = p_now + p_lease_seconds * interval '1 second'
    where id = endpoint;
    attempt := take_webhook_message(endpoint, p_now);
    if attempt.delivery_id is not null then
      return next attempt;
      return;
    end if;
    update webhook_endpoints set claim = null, claimed_until = null where id = endpoint;
  end loop;
end
$$;

CREATE FUNCTION public.close_lost_calls() RETURNS integer
    LANGUAGE plpgsql
    AS $$
declare
  closed integer;
begin
  update provider_calls c set state = 'lost', finished_at = clock_timestamp()
  where c.state = 'started' and (
    (c.job_id is null and c.created_at < now() - interval '1 hour')
    or (c.job_id is not null and not exists (
      select from jobs j
      where j.id = c.job_id and j.job_state not in ('completed', 'failed')
        and (c.request_id is not null
             or (j.message_id, j.attempt) = (c.message_id, c.attempt) and j.next_attempt_at is null))));
  get diagnostics closed = row_count;
  perform wake_waiting_jobs(s.provider) from provider_states s where s.open_until is null;
  return closed;
end
$$;

CREATE FUNCTION public.compact_vector(p_vector tsvector, p_context tsvector) RETURNS tsvector
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
  select strip(ts_delete(p_vector, positioned)) || ts_delete(p_vector, single)
  from (
    select coalesce(array_agg(lexeme) filter (where is_positioned), '{}') as positioned,
           coalesce(array_agg(lexeme) filter (where not is_positioned), '{}') as single
    from (
      select lexeme,
             cardinality(positions) > 1 or lexeme = any(tsvector_to_array(p_context)) is true as is_positioned
      from unnest(p_vector)
    ) word
  ) words
$$;

CREATE FUNCTION public.context_vector(p_config regconfig, p_words text, p_confidence real) RETURNS tsvector
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS $$
  select setweight(search_vector(p_config, p_words), case when p_confidence >= 0.1 then 'B' else 'C' end::"char");
$$;

CREATE FUNCTION public.copy_current_version(p_document_id uuid, p_replaced_at timestamp with time zone) RETURNS uuid
    LANGUAGE plpgsql
    AS $$
declare
  copy uuid;
begin
  insert into document_versions (document_id, file_id, filename, title, storage_url, size_bytes, sha256,
                                 page_count, language_code, metadata, uploaded_at, replaced_at)
  select id, coalesce(file_id, id), filename, title, storage_url, size_bytes, sha256, page_count,
         language_code, metadata, uploaded_at, p_replaced_at
  from documents where id = p_document_id
  returning id into copy;
  insert into version_descriptions
    (version_id, page_number, raw_description, normalized_description, described_by, metadata)
  select copy, page_number, raw_description, normalized_description, described_by, metadata
  from slide_descriptions where document_id = p_document_id;
  return copy;
end
$$;

CREATE FUNCTION public.correct_future_times(p_visibility_seconds integer) RETURNS integer
    LANGUAGE plpgsql
    AS $$
declare
  job       record;
  corrected integer := 0;
  latest    timestamptz := clock_timestamp() + make_interval(secs => p_visibility_seconds);
begin
  for job in
    select j.id, j.queue_name, j.message_id, j.attempt from jobs j
    join queued_messages q on q.queue_name = j.queue_name and q.msg_id = j.message_id
    where j.job_state not in ('completed', 'failed') and j.paused_at is null and q.vt > latest
      and (j.next_attempt_at is null or j.updated_at > clock_timestamp() + interval '1 minute')
  loop
    -- The holder of a claim extends it; without a holder it expires. Other jobs are due at once.
    if lock_message(job.queue_name, job.message_id, job.attempt) is null then continue; end if;
    perform extend_claim(job.queue_name, job.message_id, job.attempt,
                         case when j.next_attempt_at is null then p_visibility_seconds else 0 end)
    from jobs j where j.id = job.id;
    update jobs j set next_attempt_at = clock_timestamp()
    where j.id = job.id and j.next_attempt_at is not null;
    corrected := corrected + 1;
  end loop;
  -- The next call is the probe.
  update provider_states s set open_until = clock_timestamp()
  where s.open_until > clock_timestamp() and s.opened_at > clock_timestamp() + interval '1 minute';
  if corrected > 0 then perform pg_notify('ingest', 'ingest'); end if;
  return corrected;
end
$$;

CREATE FUNCTION public.count_words(p_course_id uuid, p_chunks bigint, p_least integer, p_sample integer) RETURNS void
    LANGUAGE plpgsql
    AS $_$
declare
  config  regconfig;
  spoken  bigint;
  share   float8 := least(1, p_sample / greatest(p_chunks, 1)::float8);
  scope   text := case when p_course_id is null then 'true' else format('course_id = %L', p_course_id) end;
  chunks  text := format('
    select tsv, context_tsv from %%I where text_config = %%s::regconfig and %s %s',
    scope, case when share < 1 then format('and id <= %L', sample_end(share)) end);
begin
  if not pg_try_advisory_xact_lock(hashtextextended('count_words', 0)) then return; end if;
  delete from word_counts where course_id is not distinct from p_course_id;
  for config in execute format('
    select text_config from lecture_chunks where %1$s union select text_config from slide_chunks where %1$s', scope)
  loop
    if p_course_id is not null then
      execute format('select (select count(*) from lecture_chunks where %1$s and text_config = %2$s::regconfig)
                             + (select count(*) from slide_chunks where %1$s and text_config = %2$s::regconfig)', scope, config::oid)
        into spoken;
      if spoken > p_chunks / 2 then
        insert into word_counts (course_id, text_config, lexeme, chunks) values (p_course_id, config, '', spoken);
      end if;
    end if;
    insert into word_counts (course_id, text_config, lexeme, chunks)
    select p_course_id, config, word, round(ndoc / share)
    from ts_stat(format('select tsv || coalesce(context_tsv, '''') from (%s union all %s) chunk',
                        format(chunks, 'lecture_chunks', config::oid), format(chunks, 'slide_chunks', config::oid)))
    where ndoc / share >= p_least and ndoc >= 5;
  end loop;
  insert into word_count_states (course_id, chunks) values (p_course_id, p_chunks)
  on conflict (course_id) do update set chunks = excluded.chunks, counted_at = now();
end
$_$;

CREATE FUNCTION public.create_correction_job(p_lecture_id uuid, p_course_id uuid, p_priority text) RETURNS uuid
    LANGUAGE plpgsql
    AS $$
begin
  update lecture_transcripts t set corrections_due = false where t.lecture_id = p_lecture_id and t.corrections_due;
  update lectures l set
    embed_status = 'pending',
    retranscribing = l.retranscribing and exists (
      select from draft_transcripts d where d.lecture_id = p_lecture_id and not d.corrects)
  where l.id = p_lecture_id;
  return create_job('lecture', p_lecture_id, p_course_id, p_priority);
end
$$;

CREATE FUNCTION public.create_job(p_kind text, p_asset_id uuid, p_course_id uuid, p_priority text) RETURNS uuid
    LANGUAGE plpgsql
    AS $$
declare
  job uuid;
begin
  insert into jobs (kind, asset_id, course_id, priority)
  values (p_kind, p_asset_id, p_course_id, p_priority)
  returning id into job;
  perform enqueue_job(job);
  return job;
end
$$;

CREATE FUNCTION public.dead_letter_message(p_queue text, p_message_id bigint, p_body jsonb, p_code text, p_reason text) RETURNS void
    LANGUAGE plpgsql
    AS $$
begin
  perform pgmq.send('ingest_dead', p_body, jsonb_build_object(
    'queue', p_queue, 'message_id', p_message_id, 'code', p_code, 'reason', p_reason));
  perform pgmq.archive(p_queue, p_message_id);
end
$$;

CREATE FUNCTION public.defer_job(p_job_id uuid, p_queue text, p_message_id bigint, p_attempt integer, p_delay_seconds numeric, p_code text, p_reason text, p_provider text, p_is_failure boolean, p_probe_seconds numeric) RETURNS text
    LANGUAGE plpgsql
    AS $$
declare
  job     jobs;
  breaker provider_states;
  delay   numeric := p_delay_seconds;
  is_known boolean;
begin
  select j.* into job from jobs j where j.id = p_job_id;
  select s.* into breaker from provider_states s where s.provider = p_provider;
  if p_is_failure and (breaker.provider is null or breaker.succeeded_at > job.provider_failed_at) then
    return 'counted';
  end if;

  if breaker.open_until > clock_timestamp() then
    delay := least(900, extract(epoch from breaker.open_until - clock_timestamp())
      + p_probe_seconds * (select count(*) from jobs j
                           where j.waiting_for = p_provider and j.id <> p_job_id
                             and j.next_attempt_at > clock_timestamp()));
  end if;
  if not extend_claim(p_queue, p_message_id, p_attempt, delay) then return 'lost'; end if;
  if delay > 0 then perform mark_delayed(p_queue, p_message_id); end if;

  -- One entry for each outage, not for each probe.
  is_known := coalesce(job.log -> -1 ->> 'outcome' = 'waiting'
                       and job.log -> -1 ->> 'provider' is not distinct from p_provider, false);
  update jobs j set
    next_attempt_at = clock_timestamp() + make_interval(secs => delay),
    waiting_for = p_provider,
    provider_failed_at = case when p_is_failure then clock_timestamp() else j.provider_failed_at end,
    error_code = p_code, error_message = p_reason,
    log = case when is_known then j.log
      else j.log || jsonb_strip_nulls(jsonb_build_object(
        'at', clock_timestamp(), 'attempt', p_attempt, 'outcome', 'waiting',
        'provider', p_provider, 'code', p_code, 'reason', p_reason)) end
  where j.id = p_job_id;
  if not is_known then
    perform record_event(job.kind, job.asset_id, job.course_id, 'waiting', jsonb_build_object(
      'job_id', p_job_id, 'provider', p_provider, 'code', p_code, 'reason', p_reason));
  end if;
  return 'held';
end
$$;

CREATE FUNCTION public.delete_asset(p_kind text, p_asset_id uuid) RETURNS boolean
    LANGUAGE plpgsql
    AS $$
declare
  course uuid;
begin
  perform stop_job(p_asset_id, 'asset_deleted', 'The asset was deleted');
  if p_kind = 'lecture' then
    update lectures set deleted_at = now() where id = p_asset_id and deleted_at is null
    returning course_id into course;
  else
    update documents set deleted_at = now() where id = p_asset_id and deleted_at is null
    returning course_id into course;
  end if;
  if course is null then return false; end if;
  perform record_event(p_kind, p_asset_id, course, 'deleted', '{}');
  return true;
end
$$;

CREATE FUNCTION public.delete_course(p_course_id uuid) RETURNS TABLE(file_ids uuid[])
    LANGUAGE plpgsql
    AS $$
declare
  asset record;
begin
  for asset in
    select 'lecture' as kind, id from lectures where course_id = p_course_id and deleted_at is null
    union all
    select 'document', id from documents where course_id = p_course_id and deleted_at is null
    order by id
  loop
    perform delete_asset(asset.kind, asset.id);
  end loop;
  -- A transaction that is adding to the course ends before this lock is granted, and its rows are seen
  -- below; a later one finds no course.
  perform from courses where id = p_course_id for update;
  file_ids := array(
    select coalesce(d.file_id, d.id) from documents d where d.course_id = p_course_id
    union
    select v.file_id from document_versions v join documents d on d.id = v.document_id
    where d.course_id = p_course_id);
  insert into unclaimed_files (file_id) select unnest(file_ids)
  on conflict do nothing;
  delete from courses where id = p_course_id;
  if found then return next; end if;
end
$$;

CREATE FUNCTION public.delete_inactive_embeddings() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
  delete from inactive_embeddings s using deleted where s.chunk_id = deleted.id;
  return null;
end
$$;

CREATE FUNCTION public.drop_next_version(p_document_id uuid) RETURNS void
    LANGUAGE plpgsql
    AS $$
declare
  dropped document_versions;
begin
  delete from document_versions v using documents d
  where d.id = p_document_id and v.id = d.next_version_id and v.replaced_at is null
  returning v.* into dropped;
  if found then perform release_file(p_document_id, dropped.file_id); end if;
  update documents set next_version_id = null where id = p_document_id and next_version_id is not null;
end
$$;

CREATE FUNCTION public.drop_unneeded_audio() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
  new.audio_file_id := null;
  return new;
end
$$;

CREATE FUNCTION public.enqueue_job(p_job_id uuid) RETURNS void
    LANGUAGE plpgsql
    AS $$
declare
  queue text;
  place bigint;
begin
  select case j.priority when 'high' then 'ingest_high' else 'ingest' end into queue
  from jobs j where j.id = p_job_id;
  place := next_turn(queue, (select j.course_id from jobs j where j.id = p_job_id));
  update jobs j set
    request_id = coalesce(nullif(current_setting('lectern.request_id', true), ''), j.request_id),
    traceparent = coalesce(nullif(current_setting('lectern.traceparent', true), ''), j.traceparent)
  where j.id = p_job_id;
  update jobs j set
    queue_name = queue, turn = place,
    message_id = (select pgmq.send(
      queue,
      jsonb_strip_nulls(jsonb_build_object('kind', j.kind, 'job_id', j.id, 'request_id', j.request_id,
                                           'traceparent', j.traceparent)),
      jsonb_build_object('turn', place))),
    attempt = 0, errors = 0, crashes = 0, interruptions = 0, made_progress = false,
    process_id = null, interrupted_process = null,
    next_attempt_at = clock_timestamp(), waiting_for = null
  where j.id = p_job_id;
  perform pg_notify('ingest', queue);
end
$$;

CREATE FUNCTION public.enrich_documents(p_document_ids uuid[]) RETURNS void
    LANGUAGE plpgsql
    AS $$
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

CREATE FUNCTION public.enrich_lecture(p_lecture_id uuid) RETURNS void
    LANGUAGE sql
    AS $$
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

CREATE FUNCTION public.exceeded_budget(p_course_id uuid, p_asset_id uuid, p_usage jsonb, p_cost numeric, p_budget jsonb) RETURNS jsonb
    LANGUAGE plpgsql STABLE
    AS $$
declare
  own    jsonb := coalesce((select budget from courses where id = p_course_id), '{}');
  today  timestamptz := date_trunc('day', now(), 'UTC');
  needed jsonb := jsonb_build_object(
    'audio_minutes', coalesce((p_usage ->> 'audio_seconds')::numeric, 0) / 60,
    'pages', coalesce((p_usage ->> 'pages')::numeric, 0), 'usd', coalesce(p_cost, 0));
  wanted record;
  used   numeric;
begin
  if p_budget = '{}' and own = '{}' then return null; end if;
  for wanted in
    select s.scope, u.unit, coalesce(own -> s.scope ->> u.unit, p_budget -> s.scope ->> u.unit)::numeric
             as most,
           own -> s.scope ? u.unit as is_own
    from unnest(array['asset', 'course', 'day']) s (scope),
         unnest(array['audio_minutes', 'pages', 'usd']) u (unit)
  loop
    continue when wanted.most is null or (needed ->> wanted.unit)::numeric = 0 and wanted.unit <> 'usd';
    select coalesce(sum(case wanted.unit
             when 'audio_minutes' then (c.usage ->> 'audio_seconds')::numeric / 60
             when 'pages' then (c.usage ->> 'pages')::numeric
             else c.cost_usd end), 0)
    into used from provider_calls c
    where not c.is_free and case wanted.scope
      when 'asset' then c.asset_id = p_asset_id
      when 'course' then c.course_id = p_course_id
      else c.created_at >= today and (c.course_id = p_course_id or not coalesce(wanted.is_own, false)) end;
    -- Minutes and prices are rounded quotients: without their last digits, a sum equals the limit that it reaches.
    if round(used + (needed ->> wanted.unit)::numeric, 9) > wanted.most
       or wanted.unit = 'usd' and p_cost is not null and round(used, 9) >= wanted.most then
      return jsonb_build_object('scope', wanted.scope, 'unit', wanted.unit, 'limit', wanted.most,
                                'used', round(used, 4), 'needed', round((needed ->> wanted.unit)::numeric, 4));
    end if;
  end loop;
  return null;
end
$$;

CREATE FUNCTION public.extend_claim(p_queue text, p_message_id bigint, p_attempt integer, p_seconds numeric) RETURNS boolean
    LANGUAGE plpgsql
    AS $$
begin
  if p_queue = 'ingest_high' then
    update pgmq.q_ingest_high set vt = clock_timestamp() + make_interval(secs => p_seconds)
    where msg_id = p_message_id and read_ct = p_attempt;
  else
    update pgmq.q_ingest set vt = clock_timestamp() + make_interval(secs => p_seconds)
    where msg_id = p_message_id and read_ct = p_attempt;
  end if;
  return found;
end
$$;

CREATE FUNCTION public.find_document_of_bytes(p_course_id uuid, p_sha256 text, p_owner_id uuid) RETURNS uuid
    LANGUAGE sql STABLE
    AS $$
  select d.id from documents d
  where d.course_id = p_course_id and d.deleted_at is null
    and d.owner_id is not distinct from p_owner_id and (d.sha256 = p_sha256 or exists (
    select from document_versions v where v.id = d.next_version_id and v.sha256 = p_sha256))
  order by d.created_at limit 1;
$$;

CREATE FUNCTION public.find_lecture_of_session(p_course_id uuid, p_session_id text, p_owner_id uuid) RETURNS uuid
    LANGUAGE sql STABLE
    AS $$
  select l.id from lectures l
  where l.course_id = p_course_id and l.panopto_session_id = p_session_id and l.deleted_at is null
    and l.owner_id is not distinct from p_owner_id
  order by l.created_at limit 1;
$$;

CREATE FUNCTION public.finish_call(p_id uuid, p_outcome text, p_usage jsonb, p_error_code text, p_reason text, p_is_unusable boolean, p_wait_seconds numeric, p_max_failures integer, p_probe_seconds numeric) RETURNS integer
    LANGUAGE plpgsql
    AS $$
declare
  call provider_calls;
begin
  select c.* into call from provider_calls c where c.id = p_id;
  if not found then return 0; end if; -- retention or a restored backup removed the receipt
  perform lock_provider(call.provider); -- always locked before its calls
  select c.* into call from provider_calls c where c.id = p_id for update;
  -- The statement that saves the answer comes next, and its sync covers this one. If the power fails between
  -- them, the receipt is still open, and it becomes lost or is closed with the kept answer.
  if p_outcome = 'ok' then perform set_config('synchronous_commit', 'off', true); end if;
  if call.state in ('started', 'lost') then
    -- Work that continues at the provider keeps its receipt open: the next attempt polls it.
    if p_outcome <> 'outage' or call.request_id is null or p_is_unusable then
      update provider_calls c set
        state = case p_outcome when 'outage' then 'error' else p_outcome end,
        usage = p_usage, error_code = p_error_code, finished_at = clock_timestamp()
      where c.id = p_id;
    end if;

    perform report_to_breaker(call.provider, p_outcome, p_reason, p_wait_seconds, p_max_failures,
                              p_probe_seconds);
  end if;
  if not p_is_unusable then return 0; end if;
  return (select count(*) from provider_calls c
          where c.job_id = call.job_id and c.message_id = call.message_id
            and c.call_key = call.call_key and c.state = 'error' and c.error_code = p_error_code);
end
$$;

CREATE FUNCTION public.finish_job(p_job_id uuid, p_queue text, p_message_id bigint, p_attempt integer, p_state text, p_code text, p_reason text) RETURNS boolean
    LANGUAGE plpgsql
    AS $$
declare
  body jsonb := lock_message(p_queue, p_message_id, p_attempt);
begin
  if body is null then return false; end if;
  update jobs j set
    job_state = p_state, error_code = p_code, error_message = p_reason,
    progress_percent = case p_state when 'completed' then 100 else j.progress_percent end,
    next_attempt_at = null, waiting_for = null, finished_at = clock_timestamp()
  where j.id = p_job_id;
  if p_state = 'failed' then
    perform dead_letter_message(p_queue, p_message_id, body, p_code, p_reason);
  else
    perform pgmq.archive(p_queue, p_message_id);
  end if;
  return true;
end
$$;

CREATE FUNCTION public.forget_lecture_later() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
  insert into due_alignments (lecture_id) select new.id
  where exists (select from slide_spans s where s.lecture_id = new.id)
  on conflict (lecture_id) do nothing;
  if found then perform pg_notify('alignment', ''); end if;
  return null;
end
$$;

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

CREATE FUNCTION public.has_published(p_document_id uuid) RETURNS boolean
    LANGUAGE sql STABLE
    AS $$
  select exists (select from slide_chunks where document_id = p_document_id);
$$;

CREATE FUNCTION public.hash_transcript() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
  new.sha256 := encode(sha256(convert_to(new.word_segments::text, 'UTF8')), 'hex');
  return new;
end
$$;

CREATE FUNCTION public.hurry_job(p_asset_id uuid) RETURNS uuid
    LANGUAGE plpgsql
    AS $$
declare
  job     jobs;
  place   bigint;
  message bigint;
begin
  perform lock_asset(p_asset_id);
  select j.* into job from jobs j
  where j.asset_id = p_asset_id and j.job_state not in ('completed', 'failed');
  if not found or lock_message(job.queue_name, job.message_id) is null then return null; end if;
  -- A worker can have claimed the job while this function waited for the message. A paused job is resumed
  -- by its own function.
  perform from jobs j
  where j.id = job.id and j.next_attempt_at is not null and j.paused_at is null for update;
  if not found then return null; end if;

  select coalesce(min((q.headers ->> 'turn')::bigint), 1) - 1 into place from pgmq.q_ingest_high q;
  if job.queue_name = 'ingest' then
    with moved as (
      delete from pgmq.q_ingest q where q.msg_id = job.message_id
      returning q.read_ct, q.enqueued_at, q.message)
    insert into pgmq.q_ingest_high (read_ct, enqueued_at, vt, message, headers)
    select moved.read_ct, moved.enqueued_at, clock_timestamp(), moved.message,
           jsonb_build_object('turn', place) from moved
    returning msg_id into message;
  else
    update pgmq.q_ingest_high q set
      vt = clock_timestamp(), headers = jsonb_build_object('turn', place)
    where q.msg_id = job.message_id returning q.msg_id into message;
  end if;
  update jobs j set
    queue_name = 'ingest_high', message_id = message, priority = 'high', turn = place,
    next_attempt_at = clock_timestamp(), waiting_for = null
  where j.id = job.id;
  perform record_event(job.kind, p_asset_id, job.course_id, 'hurried',
                       jsonb_build_object('job_id', job.id));
  perform pg_notify('ingest', 'ingest_high');
  return job.id;
end
$$;

CREATE FUNCTION public.insert_lecture(p_course_id uuid, p_source text, p_session_id text, p_url text, p_title text, p_transcription boolean, p_priority text, p_owner_id uuid, p_visible_from timestamp with time zone, OUT lecture_id uuid, OUT job_id uuid, OUT created boolean) RETURNS record
    LANGUAGE plpgsql
    AS $$
begin
  if p_session_id is not null then
    perform pg_advisory_xact_lock(hashtextextended(p_course_id::text || p_session_id, 0));
    select l.id, l.last_job_id into lecture_id, job_id from lectures l
    where l.id = find_lecture_of_session(p_course_id, p_session_id, p_owner_id);
  end if;
  created := lecture_id is null;
  if not created then return; end if;
  insert into lectures
    (course_id, source, panopto_session_id, panopto_url, title, transcription, owner_id, visible_from)
  values (p_course_id, p_source, p_session_id, p_url, p_title, p_transcription, p_owner_id,
          p_visible_from)
  returning id into lecture_id;
  job_id := create_job('lecture', lecture_id, p_course_id, p_priority);
end
$$;

CREATE FUNCTION public.is_personal(p_asset_id uuid) RETURNS boolean
    LANGUAGE sql STABLE
    AS $$
  select exists (select from lectures where id = p_asset_id and owner_id is not null)
      or exists (select from documents where id = p_asset_id and owner_id is not null)
$$;

CREATE FUNCTION public.is_queued(p_queue text, p_message_id bigint) RETURNS boolean
    LANGUAGE plpgsql
    AS $$
begin
  return exists (select from queued_messages where queue_name = p_queue and msg_id = p_message_id);
end
$$;

CREATE FUNCTION public.lectures_changed_by(p_correction public.transcript_corrections) RETURNS SETOF uuid
    LANGUAGE sql STABLE
    AS $$
  select t.lecture_id from lecture_transcripts t join lectures l on l.id = t.lecture_id
  where l.course_id = p_correction.course_id and t.corrections ? p_correction.id::text;
$$;

CREATE FUNCTION public.lock_asset(p_asset_id uuid) RETURNS void
    LANGUAGE sql
    AS $$
  select pg_advisory_xact_lock(hashtextextended(p_asset_id::text, 0));
$$;

CREATE FUNCTION public.lock_bytes(p_course_id uuid, p_sha256 text) RETURNS void
    LANGUAGE sql
    AS $$
  select pg_advisory_xact_lock(hashtextextended(p_course_id::text || p_sha256, 0));
$$;

CREATE FUNCTION public.lock_corrections(p_lecture_id uuid) RETURNS void
    LANGUAGE sql
    AS $$
  select pg_advisory_xact_lock(hashtextextended('corrections:' || l.course_id::text, 0))
  from lectures l where l.id = p_lecture_id;
$$;

CREATE FUNCTION public.lock_due_asset(p_kind text, p_asset_id uuid, p_before timestamp with time zone) RETURNS boolean
    LANGUAGE plpgsql
    AS $$
begin
  perform lock_asset(p_asset_id);
  perform from jobs j where j.asset_id = p_asset_id and j.job_state not in ('completed', 'failed');
  if found then return false; end if;
  if p_kind = 'lecture' then
    perform from lectures where id = p_asset_id and deleted_at is null and created_at < p_before;
  else
    perform from documents where id = p_asset_id and deleted_at is null and uploaded_at < p_before;
  end if;
  return found;
end
$$;

CREATE FUNCTION public.lock_message(p_queue text, p_message_id bigint, p_attempt integer DEFAULT NULL::integer) RETURNS jsonb
    LANGUAGE plpgsql
    AS $$
declare
  body jsonb;
begin
  if p_queue = 'ingest_high' then
    select message into body from pgmq.q_ingest_high
    where msg_id = p_message_id and read_ct = coalesce(p_attempt, read_ct) for update;
  else
    select message into body from pgmq.q_ingest
    where msg_id = p_message_id and read_ct = coalesce(p_attempt, read_ct) for update;
  end if;
  return body;
end
$$;

CREATE TABLE public.provider_states (
    provider text NOT NULL,
    failures integer DEFAULT 0 NOT NULL,
    open_until timestamp with time zone,
    opened_at timestamp with time zone,
    reason text,
    succeeded_at timestamp with time zone
);

CREATE FUNCTION public.lock_provider(p_provider text) RETURNS public.provider_states
    LANGUAGE plpgsql
    AS $$
declare
  found_state provider_states;
begin
  select * into found_state from provider_states where provider = p_provider for update;
  if not found then
    insert into provider_states (provider) values (p_provider) on conflict do nothing;
    select * into found_state from provider_states where provider = p_provider for update;
  end if;
  return found_state;
end
$$;

CREATE FUNCTION public.mark_delayed(p_queue text, p_message_id bigint) RETURNS void
    LANGUAGE plpgsql
    AS $$
begin
  if p_queue = 'ingest_high' then
    update pgmq.q_ingest_high m set headers = coalesce(m.headers, '{}') || '{"delayed": true}'
    where m.msg_id = p_message_id;
  else
    update pgmq.q_ingest m set headers = coalesce(m.headers, '{}') || '{"delayed": true}'
    where m.msg_id = p_message_id;
  end if;
end
$$;

CREATE FUNCTION public.nearest_across_courses(p_kind text, p_course_ids uuid[], p_model text, p_vector public.halfvec, p_count integer, p_few integer, p_all_owners boolean, p_owner_id uuid, p_sees_unreleased boolean) RETURNS TABLE(id uuid, distance double precision)
    LANGUAGE plpgsql STABLE
    AS $_$
declare
  chunks text := case p_kind when 'lecture' then 'lecture_chunks' else 'slide_chunks' end;
  scope  text := format('
    from %1$I c join %2$I a on a.id = c.%3$I
    where c.embedding_model = $2 and ($1 is null or c.course_id = any($1)) and a.deleted_at is null
      and ($4 or ((a.owner_id is null or a.owner_id = $5)
                  and ($6 or a.visible_from is null or a.visible_from <= now() or a.owner_id = $5))) %4$s',
    chunks, case p_kind when 'lecture' then 'lectures' else 'documents' end,
    case p_kind when 'lecture' then 'lecture_id' else 'document_id' end,
    case when p_kind = 'slide' and not p_sees_unreleased then '
      and not exists (select from page_releases r
                      where r.document_id = c.document_id and r.visible_from > now()
                        and r.page_from <= c.page_end and r.page_to >= c.page_number)' end);
  lists  integer;
  reads_all boolean;
begin
  select substring(array_to_string(c.reloptions, ',') from 'lists=(\d+)')::integer into lists
  from pg_index i join pg_class c on c.oid = i.indexrelid
  where i.indrelid = chunks::regclass and i.indisvalid and c.relname = chunks || '_nearest';

  execute format('select $3 is null or count(*) <= $2 from (
    select from %I where $1 is null or course_id = any($1) limit $2 + 1) c', chunks)
    into reads_all using p_course_ids, p_few, lists;
  if not reads_all then
    perform set_config('ivfflat.probes', greatest(10, ceil(sqrt(lists)))::text, true),
            set_config('ivfflat.max_probes', greatest(10, lists / 4)::text, true),
            -- Reads more lists while hidden chunks and other courses leave too few.
            set_config('ivfflat.iterative_scan', 'relaxed_order', true);
  end if;
  -- + 0: the index is not used.
  return query execute format('
    select id, embedding <=> $3 as distance
    from (select c.id %s order by (c.embedding_bits <~> $8)%s limit greatest(2000, 10 * $7)) alike join %I using (id)
    order by 2, 1 limit $7', scope, case when reads_all then ' + 0' end, chunks)
    using p_course_ids, p_model, p_vector, p_all_owners, p_owner_id, p_sees_unreleased, p_count, bits_of(p_vector);
end
$_$;

CREATE FUNCTION public.next_turn(p_queue text, p_course_id uuid) RETURNS bigint
    LANGUAGE plpgsql
    SET enable_seqscan TO 'off'
    AS $$
begin
  return greatest(
    (select max(j.turn) + 1 from jobs j where j.course_id = p_course_id and j.queue_name = p_queue),
    (select max(j.turn) from jobs j where j.queue_name = p_queue and j.attempt > 0),
    1);
end
$$;

CREATE FUNCTION public.pause_job(p_job_id uuid, p_queue text, p_message_id bigint, p_attempt integer, p_code text, p_reason text, p_until timestamp with time zone) RETURNS boolean
    LANGUAGE plpgsql
    AS $$
declare
  job jobs;
begin
  if not extend_claim(p_queue, p_message_id, p_attempt, 3155760000) then return false; end if;
  perform mark_delayed(p_queue, p_message_id);
  update jobs j set
    paused_at = clock_timestamp(), paused_until = p_until, waiting_for = null,
    next_attempt_at = clock_timestamp() + interval '100 years',
    error_code = p_code, error_message = p_reason,
    log = j.log || jsonb_build_object('at', clock_timestamp(), 'attempt', p_attempt,
                                      'outcome', 'paused', 'code', p_code, 'reason', p_reason)
  where j.id = p_job_id returning j.* into job;
  perform record_event(job.kind, job.asset_id, job.course_id, 'paused', jsonb_build_object(
    'job_id', job.id, 'code', p_code, 'reason', p_reason, 'until', p_until));
  return true;
end
$$;

CREATE FUNCTION public.postpone_job(p_job_id uuid, p_queue text, p_message_id bigint, p_attempt integer, p_delay_seconds numeric, p_code text, p_reason text, p_waiting_for text) RETURNS boolean
    LANGUAGE plpgsql
    AS $$
begin
  if not extend_claim(p_queue, p_message_id, p_attempt, p_delay_seconds) then return false; end if;
  if p_delay_seconds > 0 then perform mark_delayed(p_queue, p_message_id); end if;
  update jobs j set
    errors = j.errors + (p_code is not null)::int,
    next_attempt_at = clock_timestamp() + make_interval(secs => p_delay_seconds),
    waiting_for = p_waiting_for,
    error_code = coalesce(p_code, j.error_code), error_message = coalesce(p_reason, j.error_message),
    log = j.log || jsonb_strip_nulls(jsonb_build_object(
      'at', clock_timestamp(), 'attempt', p_attempt,
      'outcome', case when p_code is null then 'handed_back' else 'error' end,
      'code', p_code, 'reason', p_reason, 'delay_seconds', p_delay_seconds))
  where j.id = p_job_id;
  if p_delay_seconds <= 0 then perform pg_notify('ingest', p_queue); end if;
  return true;
end
$$;

CREATE FUNCTION public.postpone_webhook(p_endpoint_id uuid, p_claim uuid, p_now timestamp with time zone, p_error text, p_retry_seconds double precision, p_disable_after_seconds double precision) RETURNS boolean
    LANGUAGE plpgsql
    AS $$
declare
  endpoint webhook_endpoints;
begin
  update webhook_endpoints e set claim = null, claimed_until = null, failures = e.failures + 1,
    failing_since = coalesce(e.failing_since, p_now), last_error = p_error,
    next_attempt_at = p_now + p_retry_seconds * interval '1 second'
  where e.id = p_endpoint_id and e.claim = p_claim
  returning * into endpoint;
  if not found or endpoint.failing_since > p_now - p_disable_after_seconds * interval '1 second' then
    return false;
  end if;
  update webhook_endpoints e set enabled = false, disabled_reason = p_error where e.id = p_endpoint_id;
  perform record_event('system', null, null, 'webhook_disabled', jsonb_build_object(
    'webhook_id', p_endpoint_id, 'reason', p_error));
  perform queue_webhook_message(endpoint.course_id, null, 'webhook.disabled', jsonb_build_object(
    'webhook_id', p_endpoint_id, 'reason', p_error));
  return true;
end
$$;

CREATE FUNCTION public.price_call() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
  new.cost_usd := case when new.is_free then 0
                       else call_cost(new.provider, new.model, new.usage) end;
  return new;
end
$$;

CREATE FUNCTION public.publish_asset(p_job_id uuid, p_message_id bigint, p_attempt integer) RETURNS boolean
    LANGUAGE plpgsql
    AS $$
declare
  job jobs;
begin
  select j.* into job from jobs j
  where j.id = p_job_id and j.message_id = p_message_id and j.attempt = p_attempt
    and j.job_state not in ('completed', 'failed')
  for share;
  if not found then return false; end if;
  if job.kind = 'lecture' then
    perform publish_lecture(job.asset_id);
  else
    perform publish_document(job.asset_id);
  end if;
  return true;
end
$$;

CREATE FUNCTION public.publish_chunks(p_kind text, p_asset_id uuid, p_new_file boolean) RETURNS void
    LANGUAGE plpgsql
    AS $_$
begin
  if not exists (select from draft_chunks where p_asset_id in (lecture_id, document_id)) then return; end if;
  execute format('
    delete from %1$I c where c.%2$I = $1 and ($2 or not exists (
      select from draft_chunks d
      where d.%2$I = $1 and d.chunk_index = c.chunk_index and d.content = c.content))',
    case p_kind when 'lecture' then 'lecture_chunks' else 'slide_chunks' end, p_kind || '_id')
    using p_asset_id, p_new_file;
  execute format('
    insert into %1$I as c (id, %2$I, course_id, chunk_index, %3$I, %4$I, content, search_text, metadata,
                           text_config, embedding, embedding_model)
    select d.id, a.id, a.course_id, d.chunk_index, d.starts, d.ends, d.content, d.search_text, d.metadata,
           d.text_config, d.embedding, d.embedding_model
    from draft_chunks d join %5$I a on a.id = d.%2$I where a.id = $1
    on conflict (%2$I, chunk_index) do update set
      %3$I = excluded.%3$I, %4$I = excluded.%4$I, metadata = excluded.metadata,
      search_text = excluded.search_text, text_config = excluded.text_config,
      embedding = excluded.embedding, embedding_model = excluded.embedding_model
    where (c.%3$I, c.%4$I, c.metadata, c.search_text, c.text_config, c.embedding_model)
      is distinct from (excluded.%3$I, excluded.%4$I, excluded.metadata, excluded.search_text,
                        excluded.text_config, excluded.embedding_model)',
    case p_kind when 'lecture' then 'lecture_chunks' else 'slide_chunks' end, p_kind || '_id',
    case p_kind when 'lecture' then 'start_ms' else 'page_number' end,
    case p_kind when 'lecture' then 'end_ms' else 'page_end' end, p_kind || 's')
    using p_asset_id;
  execute format('delete from draft_chunks where %I = $1', p_kind || '_id') using p_asset_id;
end
$_$;

CREATE FUNCTION public.publish_document(p_document_id uuid) RETURNS void
    LANGUAGE plpgsql
    AS $$
declare
  doc  documents;
  next document_versions;
begin
  select d.* into doc from documents d where d.id = p_document_id for update;
  select v.* into next from document_versions v where v.id = doc.next_version_id;
  if not found then
    perform publish_chunks('document', p_document_id, false);
    return;
  end if;

  if next.sha256 <> doc.sha256 and has_published(p_document_id) then
    perform copy_current_version(p_document_id, clock_timestamp());
  end if;
  delete from slide_descriptions where document_id = p_document_id;
  insert into slide_descriptions
    (document_id, page_number, raw_description, normalized_description, described_by, metadata)
  select p_document_id, page_number, raw_description, normalized_description, described_by, metadata
  from version_descriptions where version_id = next.id;
  perform publish_chunks('document', p_document_id, next.sha256 <> doc.sha256);
  update documents set
    file_id = next.file_id, filename = next.filename, title = coalesce(title, next.title),
    storage_url = next.storage_url, size_bytes = next.size_bytes, sha256 = next.sha256,
    page_count = next.page_count, language_code = next.language_code, metadata = next.metadata,
    uploaded_at = next.uploaded_at, next_version_id = null
  where id = p_document_id;
  delete from document_versions where id = next.id;
  perform release_file(p_document_id, coalesce(doc.file_id, doc.id));
  perform record_event('document', p_document_id, doc.course_id, 'version_published', jsonb_build_object(
    'sha256', next.sha256, 'replaced', case when next.sha256 <> doc.sha256 then doc.sha256 end));
end
$$;

CREATE FUNCTION public.publish_lecture(p_lecture_id uuid) RETURNS void
    LANGUAGE plpgsql
    AS $$
declare
  draft  draft_transcripts;
  former text;
begin
  delete from draft_transcripts where lecture_id = p_lecture_id returning * into draft;
  if found then
    select sha256 into former from lecture_transcripts where lecture_id = p_lecture_id;
    update lecture_transcripts set
      transcript_text = draft.transcript_text, word_segments = draft.word_segments,
      original = draft.original, corrections = draft.corrections, corrections_due = false,
      language_code = draft.language_code, token_count = draft.token_count,
      provider = draft.provider, model = draft.model
    where lecture_id = p_lecture_id;
    update lectures set
      language_code = draft.language_code,
      metadata = metadata - 'warnings'
        || jsonb_build_object('transcribed_at', draft.created_at, 'embedded_at', now())
        || case when draft.warnings = '[]' then '{}'
                else jsonb_build_object('warnings', draft.warnings) end
    where id = p_lecture_id;
    perform record_event('lecture', p_lecture_id, l.course_id, 'transcript_published',
                         jsonb_build_object('sha256', t.sha256,
                                            'replaced', case when t.sha256 <> former then former end))
    from lectures l join lecture_transcripts t on t.lecture_id = l.id where l.id = p_lecture_id;
  end if;
  perform publish_chunks('lecture', p_lecture_id, false);
end
$$;

CREATE FUNCTION public.queue_webhook_message(p_course_id uuid, p_asset_id uuid, p_event_type text, p_data jsonb) RETURNS void
    LANGUAGE sql
    AS $$
  with wanting as materialized (
    select e.id from webhook_endpoints e
    where (e.course_id is null or e.course_id = p_course_id)
      and (e.event_types is null or p_event_type = any (e.event_types))
    order by e.id for key share
  ),
  message as materialized (select gen_random_uuid() as id)
  insert into webhook_messages (endpoint_id, message_id, event_type, course_id, asset_id, data)
  select wanting.id, message.id, p_event_type, p_course_id, p_asset_id, jsonb_strip_nulls(p_data)
  from wanting, message;
$$;

CREATE FUNCTION public.read_message(p_queue text, p_message_id bigint, p_visibility_seconds integer) RETURNS TABLE(attempt integer)
    LANGUAGE plpgsql
    AS $$
begin
  if p_queue = 'ingest_high' then
    return query update pgmq.q_ingest_high m set
      vt = clock_timestamp() + make_interval(secs => p_visibility_seconds),
      last_read_at = clock_timestamp(), read_ct = m.read_ct + 1
    where m.msg_id = p_message_id and m.vt <= clock_timestamp() returning m.read_ct;
  else
    return query update pgmq.q_ingest m set
      vt = clock_timestamp() + make_interval(secs => p_visibility_seconds),
      last_read_at = clock_timestamp(), read_ct = m.read_ct + 1
    where m.msg_id = p_message_id and m.vt <= clock_timestamp() returning m.read_ct;
  end if;
end
$$;

CREATE FUNCTION public.read_next_message(p_queue text, p_visibility_seconds integer) RETURNS TABLE(message_id bigint, attempt integer, body jsonb)
    LANGUAGE plpgsql
    SET enable_seqscan TO 'off'
    SET enable_bitmapscan TO 'off'
    SET enable_sort TO 'off'
    AS $$
begin
  if p_queue = 'ingest_high' then
    update pgmq.q_ingest_high m set headers = m.headers - 'delayed' where m.msg_id in (
      select q.msg_id from pgmq.q_ingest_high q where q.headers ? 'delayed' and q.vt <= clock_timestamp()
      order by q.vt limit 100 for update skip locked);
    return query
    update pgmq.q_ingest_high m set
      vt = clock_timestamp() + make_interval(secs => p_visibility_seconds),
      last_read_at = clock_timestamp(), read_ct = m.read_ct + 1
    where m.msg_id = (
      select q.msg_id from pgmq.q_ingest_high q
      where not coalesce(q.headers ? 'delayed', false) and q.vt <= clock_timestamp()
      order by (q.headers ->> 'turn')::bigint nulls first, q.msg_id limit 1 for update skip locked)
    returning m.msg_id, m.read_ct, m.message;
  else
    update pgmq.q_ingest m set headers = m.headers - 'delayed' where m.msg_id in (
      select q.msg_id from pgmq.q_ingest q where q.headers ? 'delayed' and q.vt <= clock_timestamp()
      order by q.vt limit 100 for update skip locked);
    return query
    update pgmq.q_ingest m set
      vt = clock_timestamp() + make_interval(secs => p_visibility_seconds),
      last_read_at = clock_timestamp(), read_ct = m.read_ct + 1
    where m.msg_id = (
      select q.msg_id from pgmq.q_ingest q
      where not coalesce(q.headers ? 'delayed', false) and q.vt <= clock_timestamp()
      order by (q.headers ->> 'turn')::bigint nulls first, q.msg_id limit 1 for update skip locked)
    returning m.msg_id, m.read_ct, m.message;
  end if;
end
$$;

CREATE FUNCTION public.record_crash(p_job_id uuid, p_queue text, p_message_id bigint, p_attempt integer, p_in_quarantine boolean, p_cause text) RETURNS boolean
    LANGUAGE plpgsql
    AS $$
declare
  job jobs;
begin
  if not extend_claim(p_queue, p_message_id, p_attempt, 0) then return null; end if;
  update jobs j set
    crashes = j.crashes + (not j.made_progress)::int,
    interruptions = j.interruptions + (not j.made_progress)::int,
    next_attempt_at = clock_timestamp(), process_id = null,
    log = j.log || jsonb_build_object('at', clock_timestamp(), 'attempt', p_attempt,
                                      'outcome', 'crashed', 'reason', p_cause)
  where j.id = p_job_id
  returning j.* into job;
  perform record_event(job.kind, job.asset_id, job.course_id, 'crashed', jsonb_build_object(
    'job_id', job.id, 'attempt', p_attempt, 'cause', p_cause, 'in_quarantine', p_in_quarantine));
  if p_in_quarantine and job.crashes >= 3 then
    return finish_job(p_job_id, p_queue, p_message_id, p_attempt, 'failed', 'worker_crashed',
                      format('Processing crashed the worker %s times', job.crashes));
  end if;
  perform pg_notify('ingest', p_queue);
  return false;
end
$$;

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

CREATE FUNCTION public.record_event(p_asset_type text, p_asset_id uuid, p_course_id uuid, p_event_type text, p_payload jsonb) RETURNS void
    LANGUAGE sql
    AS $$
  insert into processing_events (asset_type, asset_id, course_id, event_type, payload)
  values (p_asset_type, p_asset_id, p_course_id, p_event_type, jsonb_strip_nulls(p_payload));
$$;

CREATE FUNCTION public.record_quarantine() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
  perform record_event(new.kind, new.asset_id, new.course_id, 'quarantined', jsonb_build_object(
    'job_id', new.id, 'crashes', new.crashes, 'interruptions', new.interruptions));
  return null;
end
$$;

CREATE FUNCTION public.release_all_claims() RETURNS void
    LANGUAGE plpgsql
    AS $$
begin
  delete from worker_processes;
  update pgmq.q_ingest_high m set vt = clock_timestamp() + case when j.quarantined
    then make_interval(secs => least(60, 2 ^ j.interruptions)) else interval '0' end
  from jobs j
  where j.queue_name = 'ingest_high' and j.message_id = m.msg_id and j.attempt = m.read_ct
    and j.next_attempt_at is null and m.vt > clock_timestamp();
  update pgmq.q_ingest m set vt = clock_timestamp() + case when j.quarantined
    then make_interval(secs => least(60, 2 ^ j.interruptions)) else interval '0' end
  from jobs j
  where j.queue_name = 'ingest' and j.message_id = m.msg_id and j.attempt = m.read_ct
    and j.next_attempt_at is null and m.vt > clock_timestamp();
end
$$;

CREATE FUNCTION public.release_audio_file() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
  insert into unclaimed_audio (file_id, removal_started) values (old.audio_file_id, true)
  on conflict (file_id) do update set removal_started = true;
  return null;
end
$$;

CREATE FUNCTION public.release_file(p_document_id uuid, p_file_id uuid) RETURNS void
    LANGUAGE sql
    AS $$
  insert into unclaimed_files (file_id)
  select p_file_id
  where not exists (select from document_versions where document_id = p_document_id and file_id = p_file_id)
    and not exists (select from documents
                    where id = p_document_id and coalesce(file_id, id) = p_file_id)
  on conflict do nothing;
$$;

CREATE FUNCTION public.reopen_failed_job(p_asset_id uuid) RETURNS uuid
    LANGUAGE plpgsql
    AS $$
declare
  job     uuid;
  crashed boolean;
begin
  perform lock_asset(p_asset_id);
  select j.id, j.error_code = 'worker_crashed' into job, crashed from jobs j
  where j.job_state = 'failed' and j.id in (
    select last_job_id from lectures where id = p_asset_id and deleted_at is null
    union all
    select description_job_id from documents where id = p_asset_id and deleted_at is null)
  for update;
  if job is null then return null; end if;
  update jobs j set job_state = 'pending', error_code = null, error_message = null, finished_at = null
  where j.id = job;
  perform enqueue_job(job);
  -- A job that crashed its process runs in quarantine again.
  if crashed then update jobs j set crashes = 2 where j.id = job; end if;
  return job;
end
$$;

CREATE FUNCTION public.replace_transcript(p_lecture_id uuid, p_text text, p_segments jsonb, p_language_code text, p_token_count integer, p_provider text, p_warnings jsonb) RETURNS uuid
    LANGUAGE plpgsql
    AS $$
declare
  course uuid;
  warnings jsonb := case when p_warnings = '[]' then '{}' else jsonb_build_object('warnings', p_warnings) end;
begin
  perform lock_asset(p_lecture_id);
  select course_id into course from lectures where id = p_lecture_id and deleted_at is null;
  if not found then return null; end if;
  -- The job of the imported transcript applies them.
  update lecture_transcripts t set corrections_due = false where t.lecture_id = p_lecture_id and t.corrections_due;
  perform stop_job(p_lecture_id, 'cancelled', 'A transcript was imported instead');

  -- Two updates, because a finished status can only become `pending`.
  update lectures set transcript_status = 'pending', embed_status = 'pending', retranscribing = false
  where id = p_lecture_id;
  update lectures set transcript_status = 'completed' where id = p_lecture_id;
  insert into lecture_transcripts
    (lecture_id, transcript_text, word_segments, language_code, token_count, provider)
  values (p_lecture_id, p_text, p_segments, p_language_code, p_token_count, p_provider)
  on conflict (lecture_id) do nothing;
  if found then
    update lectures set
      language_code = p_language_code,
      metadata = metadata - 'warnings' || warnings || jsonb_build_object('transcribed_at', now())
    where id = p_lecture_id;
  else
    insert into draft_transcripts
      (lecture_id, transcript_text, word_segments, language_code, token_count, provider, warnings)
    values (p_lecture_id, p_text, p_segments, p_language_code, p_token_count, p_provider, p_warnings)
    on conflict (lecture_id) do update set
      transcript_text = excluded.transcript_text, word_segments = excluded.word_segments,
      original = null, corrections = '{}', corrects = false,
      language_code = excluded.language_code, token_count = excluded.token_count,
      provider = excluded.provider, model = null, warnings = excluded.warnings, created_at = now();
  end if;
  if warnings <> '{}' then
    perform record_event('lecture', p_lecture_id, course, 'transcript_warnings', warnings);
  end if;

  return create_job('lecture', p_lecture_id, course, 'high');
end
$$;

CREATE FUNCTION public.report_to_breaker(p_provider text, p_outcome text, p_reason text, p_wait_seconds numeric, p_max_failures integer, p_probe_seconds numeric) RETURNS void
    LANGUAGE plpgsql
    AS $$
declare
  breaker provider_states := lock_provider(p_provider);
begin
  if p_outcome = 'outage' then
    update provider_states s set
      failures = s.failures + 1, reason = p_reason,
      opened_at = case when s.failures + 1 >= p_max_failures
                       then coalesce(s.opened_at, clock_timestamp()) end,
      open_until = case when s.failures + 1 >= p_max_failures
        then clock_timestamp() + make_interval(secs => greatest(p_probe_seconds, p_wait_seconds))
        end
    where s.provider = p_provider;
    if breaker.open_until is null and breaker.failures + 1 >= p_max_failures then
      perform record_event('system', null, null, 'provider_outage', jsonb_build_object(
        'provider', p_provider, 'reason', p_reason));
    end if;
  elsif p_outcome in ('ok', 'error') then
    update provider_states s set
      failures = 0, open_until = null, opened_at = null, reason = null,
      succeeded_at = case p_outcome when 'ok' then clock_timestamp() else s.succeeded_at end
    where s.provider = p_provider;
    if breaker.open_until is not null then
      perform record_event('system', null, null, 'provider_recovered',
                           jsonb_build_object('provider', p_provider));
      perform wake_waiting_jobs(p_provider);
    end if;
  end if;
end
$$;

CREATE FUNCTION public.request_alignments(p_lecture_ids uuid[]) RETURNS void
    LANGUAGE plpgsql
    AS $$
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

CREATE FUNCTION public.request_document(p_document_id uuid, p_course_id uuid, p_filename text, p_title text, p_storage_url text, p_size_bytes bigint, p_sha256 text, p_priority text, p_owner_id uuid, p_visible_from timestamp with time zone DEFAULT NULL::timestamp with time zone, p_page_releases jsonb DEFAULT '[]'::jsonb, OUT document_id uuid, OUT job_id uuid, OUT created boolean) RETURNS record
    LANGUAGE plpgsql
    AS $$
begin
  perform lock_bytes(p_course_id, p_sha256);
  select d.id, d.description_job_id into document_id, job_id from documents d
  where d.id = find_document_of_bytes(p_course_id, p_sha256, p_owner_id);
  created := not found;
  if not created then return; end if;

  insert into documents
    (id, course_id, filename, title, storage_url, size_bytes, sha256, owner_id, visible_from)
  values (p_document_id, p_course_id, p_filename, p_title, p_storage_url, p_size_bytes, p_sha256,
          p_owner_id, p_visible_from);
  perform add_release('document', p_document_id, p_visible_from, p_page_releases);
  perform claim_file(p_document_id);
  document_id := p_document_id;
  job_id := create_job('document', p_document_id, p_course_id, p_priority);
end
$$;

CREATE FUNCTION public.request_lecture(p_course_id uuid, p_session_id text, p_url text, p_title text, p_transcription boolean, p_priority text, p_owner_id uuid, p_visible_from timestamp with time zone DEFAULT NULL::timestamp with time zone, OUT lecture_id uuid, OUT job_id uuid, OUT created boolean) RETURNS record
    LANGUAGE plpgsql
    AS $$
declare
  started uuid;
begin
  select i.lecture_id, i.job_id, i.created into lecture_id, job_id, created
  from insert_lecture(p_course_id, 'panopto', p_session_id, p_url, p_title, p_transcription,
                      p_priority, p_owner_id, p_visible_from) i;
  if not created and p_transcription then
    started := add_transcription(lecture_id, p_priority);
    created := started is not null;
    job_id := coalesce(started, job_id);
    if created then perform add_release('lecture', lecture_id, p_visible_from, '[]'); end if;
  end if;
end
$$;

CREATE FUNCTION public.request_transcript_lecture(p_course_id uuid, p_title text, p_media_url text, p_text text, p_segments jsonb, p_language_code text, p_token_count integer, p_provider text, p_warnings jsonb, p_owner_id uuid, p_visible_from timestamp with time zone DEFAULT NULL::timestamp with time zone, OUT lecture_id uuid, OUT job_id uuid) RETURNS record
    LANGUAGE plpgsql
    AS $$
begin
  insert into lectures (course_id, source, media_url, title, owner_id, visible_from)
  values (p_course_id, 'transcript', p_media_url, p_title, p_owner_id, p_visible_from)
  returning id into lecture_id;
  job_id := replace_transcript(
    lecture_id, p_text, p_segments, p_language_code, p_token_count, p_provider, p_warnings);
end
$$;

CREATE FUNCTION public.request_uploaded_lecture(p_course_id uuid, p_audio_file_id uuid, p_session_id text, p_url text, p_title text, p_priority text, p_owner_id uuid, p_visible_from timestamp with time zone DEFAULT NULL::timestamp with time zone, OUT lecture_id uuid, OUT job_id uuid, OUT created boolean) RETURNS record
    LANGUAGE plpgsql
    AS $$
begin
  select i.lecture_id, i.job_id, i.created into lecture_id, job_id, created
  from insert_lecture(p_course_id, 'upload', p_session_id, p_url, p_title, true, p_priority,
                      p_owner_id, p_visible_from) i;
  if created then perform claim_audio_file(lecture_id, p_audio_file_id); end if;
end
$$;

CREATE FUNCTION public.request_version(p_document_id uuid, p_file_id uuid, p_filename text, p_title text, p_storage_url text, p_size_bytes bigint, p_sha256 text, p_priority text, p_visible_from timestamp with time zone DEFAULT NULL::timestamp with time zone, p_page_releases jsonb DEFAULT '[]'::jsonb) RETURNS TABLE(job_id uuid, created boolean, file_used boolean, duplicate_of uuid)
    LANGUAGE plpgsql
    AS $$
declare
  doc     documents;
  course  uuid;
  version uuid;
begin
  select d.course_id into course from documents d where d.id = p_document_id and d.deleted_at is null;
  if not found then return; end if;
  perform lock_bytes(course, p_sha256);
  perform lock_asset(p_document_id);
  select d.* into doc from documents d where d.id = p_document_id and d.deleted_at is null;
  if not found then return; end if;

  job_id := doc.description_job_id;
  created := false;
  file_used := false;
  duplicate_of := (select d.id from documents d
                   where d.id = find_document_of_bytes(course, p_sha256, doc.owner_id)
                     and d.id <> p_document_id);
  if duplicate_of is not null then return next; return; end if;

  if p_title is not null then update documents set title = p_title where id = p_document_id; end if;
  if p_sha256 = coalesce((select v.sha256 from document_versions v where v.id = doc.next_version_id),
                         doc.sha256) then
    created := retry_document(p_document_id) is not null;
    if created then
      perform add_release('document', p_document_id, p_visible_from, p_page_releases);
    end if;
    return next;
    return;
  end if;

  perform stop_job(p_document_id, 'cancelled', 'A newer version was uploaded');
  -- The stopped job can have published its version while this function waited for it.
  select d.* into doc from documents d where d.id = p_document_id for update;
  perform drop_next_version(p_document_id);
  if p_sha256 = doc.sha256 then
    perform build_beside(p_document_id);
  else
    select v.id into version from document_versions v
    where v.document_id = p_document_id and v.sha256 = p_sha256;
    if not found then
      insert into document_versions (document_id, file_id, filename, storage_url, size_bytes, sha256)
      values (p_document_id, p_file_id, p_filename, p_storage_url, p_size_bytes, p_sha256)
      returning id into version;
      perform claim_file(p_file_id);
      file_used := true;
    end if;
    update documents set next_version_id = version where id = p_document_id;
  end if;
  update documents set status = 'uploaded' where id = p_document_id and status <> 'uploaded';
  perform add_release('document', p_document_id, p_visible_from, p_page_releases);
  job_id := create_job('document', p_document_id, course, p_priority);
  created := true;
  perform record_event('document', p_document_id, course, 'version_uploaded', jsonb_build_object(
    'sha256', p_sha256, 'filename', p_filename, 'job_id', job_id));
  return next;
end
$$;

CREATE FUNCTION public.requested_by(p_request_id text, p_traceparent text, p_id uuid) RETURNS uuid
    LANGUAGE plpgsql
    AS $$
begin
  perform set_config('lectern.request_id', coalesce(p_request_id, ''), true),
          set_config('lectern.traceparent', coalesce(p_traceparent, ''), true);
  return p_id;
end
$$;

CREATE FUNCTION public.requeue_lost_jobs() RETURNS integer
    LANGUAGE plpgsql
    AS $$
declare
  job      record;
  requeued integer := 0;
begin
  -- The lock makes sure that a job that ends at the same time is seen as ended, or is skipped.
  for job in
    select j.id, j.kind, j.asset_id, j.course_id, j.queue_name, j.message_id from jobs j
    where j.job_state not in ('completed', 'failed') and not exists (
      select from queued_messages q where q.queue_name = j.queue_name and q.msg_id = j.message_id)
    for update skip locked
  loop
    if not is_queued(job.queue_name, job.message_id) then
      perform enqueue_job(job.id);
      perform record_event(job.kind, job.asset_id, job.course_id, 'requeued',
                           jsonb_build_object('job_id', job.id, 'lost_message', job.message_id));
      requeued := requeued + 1;
    end if;
  end loop;
  return requeued;
end
$$;

CREATE FUNCTION public.resume_due_jobs() RETURNS integer
    LANGUAGE sql
    AS $$
  select count(resume_job(j.asset_id, false))::integer from jobs j where j.paused_until <= now();
$$;

CREATE FUNCTION public.resume_job(p_asset_id uuid, p_ignores_budget boolean) RETURNS uuid
    LANGUAGE plpgsql
    AS $$
declare
  job jobs;
begin
  select j.* into job from jobs j
  where j.asset_id = p_asset_id and j.paused_at is not null
    and j.job_state not in ('completed', 'failed');
  if not found then return null; end if;
  perform lock_message(job.queue_name, job.message_id);
  update jobs j set
    paused_at = null, paused_until = null, next_attempt_at = clock_timestamp(),
    ignores_budget = j.ignores_budget or p_ignores_budget, error_code = null, error_message = null
  where j.id = job.id and j.paused_at is not null;
  if not found then return null; end if;
  update pgmq.q_ingest_high m set vt = clock_timestamp()
  where job.queue_name = 'ingest_high' and m.msg_id = job.message_id;
  update pgmq.q_ingest m set vt = clock_timestamp()
  where job.queue_name = 'ingest' and m.msg_id = job.message_id;
  perform pg_notify('ingest', job.queue_name);
  perform record_event(job.kind, job.asset_id, job.course_id, 'resumed', jsonb_build_object(
    'job_id', job.id, 'ignores_budget', p_ignores_budget));
  return job.id;
end
$$;

CREATE FUNCTION public.retranscribe_lecture(p_lecture_id uuid, p_audio_file_id uuid, OUT outcome text, OUT job_id uuid) RETURNS record
    LANGUAGE plpgsql
    AS $$
declare
  lecture        lectures;
  has_transcript boolean;
begin
  perform lock_asset(p_lecture_id);
  select l.* into lecture from lectures l where l.id = p_lecture_id and l.deleted_at is null;
  if not found then return; end if;

  has_transcript := exists (select from lecture_transcripts t where t.lecture_id = p_lecture_id);
  job_id := lecture.last_job_id;
  if lecture.status not in ('completed', 'failed') then
    outcome := case when p_audio_file_id is null and lecture.transcription
                         and (lecture.retranscribing or not has_transcript)
                    then 'exists' else 'busy' end;
    return;
  end if;

  outcome := 'created';
  if not has_transcript then
    job_id := case when p_audio_file_id is null
      then coalesce(retry_lecture(p_lecture_id), begin_transcription(p_lecture_id, 'normal', ''))
      else transcribe_from_audio(p_lecture_id, p_audio_file_id, null, 'normal') end;
    return;
  end if;
  if lecture.retranscribing and p_audio_file_id is null then
    job_id := retry_lecture(p_lecture_id); -- continues where the failed job stopped
    return;
  end if;

  delete from draft_transcripts d where d.lecture_id = p_lecture_id;
  update lectures set
    retranscribing = true, transcription = true,
    source = case when p_audio_file_id is null then source else 'upload' end,
    embed_status = case when embed_status in ('failed', 'skipped') then 'pending' else embed_status end
  where id = p_lecture_id;
  job_id := create_job('lecture', p_lecture_id, lecture.course_id, 'normal');
  -- After the start, because a completed lecture would give up the file at once.
  if p_audio_file_id is not null then perform claim_audio_file(p_lecture_id, p_audio_file_id); end if;
  perform record_event('lecture', p_lecture_id, lecture.course_id, 'retranscription_requested',
                       jsonb_build_object('job_id', job_id));
end
$$;

CREATE FUNCTION public.retry_document(p_document_id uuid) RETURNS uuid
    LANGUAGE plpgsql
    AS $$
declare
  job uuid := reopen_failed_job(p_document_id);
begin
  if job is null then return null; end if;
  -- If all pages are described already, only the later steps run again.
  update documents d set status_reason = null, status = case
    when d.next_version_id is null and d.page_count = (select count(*) from slide_descriptions s where s.document_id = d.id)
    then 'described' else 'uploaded' end
  where d.id = p_document_id;
  return job;
end
$$;

CREATE FUNCTION public.retry_lecture(p_lecture_id uuid) RETURNS uuid
    LANGUAGE plpgsql
    AS $$
declare
  job uuid := reopen_failed_job(p_lecture_id);
begin
  if job is null then return null; end if;
  update lectures l set
    transcript_status = case l.transcript_status when 'failed' then 'pending'
                                                 else l.transcript_status end,
    embed_status = case l.embed_status when 'failed' then 'pending' else l.embed_status end
  where l.id = p_lecture_id;
  return job;
end
$$;

CREATE FUNCTION public.sample_end(p_share double precision) RETURNS uuid
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
  select rpad(lpad(to_hex(floor(p_share * 4294967295)::bigint), 8, '0'), 32, 'f')::uuid
$$;

CREATE FUNCTION public.save_alignment(p_lecture_id uuid, p_revision bigint, p_spans jsonb, p_scores jsonb) RETURNS boolean
    LANGUAGE plpgsql
    AS $$
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

CREATE FUNCTION public.save_answers(answers jsonb) RETURNS void
    LANGUAGE plpgsql
    AS $$
declare
  answer record;
begin
  for answer in
    select * from jsonb_to_recordset(answers)
      as a (session_id uuid, turn_id uuid, run_id text, last_step int, steps jsonb)
    order by session_id -- statements that run at the same time lock in one order
  loop
    continue when not exists (select from chat_messages where id = answer.turn_id);
    update chat_sessions set updated_at = now() where id = answer.session_id;
    continue when not found;
    delete from chat_messages where turn_id = answer.turn_id and step > answer.last_step;
    insert into chat_messages as m
      (id, session_id, role, content, run_id, turn_id, step, metadata)
    select s.id, answer.session_id, 'assistant', s.content, answer.run_id, answer.turn_id, s.step, s.metadata
    from jsonb_to_recordset(answer.steps) as s (id uuid, content text, step int, metadata jsonb)
    order by s.step
    on conflict (turn_id, step) do update set
      id = excluded.id, content = excluded.content, run_id = excluded.run_id,
      metadata = excluded.metadata
    where m.metadata ->> 'status' <> 'complete';
  end loop;
end
$$;

CREATE FUNCTION public.search_vector(p_config regconfig, p_text text) RETURNS tsvector
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS $$
  select case
    when octet_length(p_text) = length(p_text) and p_config <> 'pg_catalog.german'::regconfig
      then to_tsvector(p_config, p_text)
    else without_accents(p_config, to_tsvector(p_config, p_text)::text)::tsvector
  end
$$;

CREATE FUNCTION public.send_event_to_webhooks() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
declare
  event_type text := webhook_event_type(new.asset_type, new.event_type, new.payload);
  shown_from timestamptz;
begin
  if event_type is null or not exists (select from webhook_endpoints) then return null; end if;
  if is_personal(new.asset_id) then return null; end if;
  select visible_from into shown_from from (
    select visible_from from lectures where id = new.asset_id
    union all
    select visible_from from documents where id = new.asset_id
  ) asset where visible_from > now();
  perform queue_webhook_message(new.course_id, new.asset_id, event_type, jsonb_build_object(
    'asset_type', new.asset_type, 'asset_id', new.asset_id, 'job_id', new.payload -> 'job_id',
    'code', new.payload -> 'code', 'reason', new.payload -> 'reason', 'until', new.payload -> 'until',
    'sha256', new.payload -> 'sha256', 'visible_from', shown_from));
  return null;
end
$$;

CREATE FUNCTION public.shown_reason(p_reason text, p_job_id uuid) RETURNS text
    LANGUAGE sql STABLE
    AS $$
  select coalesce((select error_message from jobs where id = p_job_id and paused_at is not null),
                  p_reason);
$$;

CREATE FUNCTION public.shown_status(p_status text, p_job_id uuid) RETURNS text
    LANGUAGE sql STABLE
    AS $$
  select case when exists (select from jobs where id = p_job_id and paused_at is not null)
         then 'paused' else p_status end;
$$;

CREATE FUNCTION public.start_attempt(p_job_id uuid, p_queue text, p_message_id bigint, p_attempt integer, p_process_id uuid) RETURNS public.claimed_job
    LANGUAGE plpgsql
    AS $$
declare
  job         jobs;
  interrupted boolean := false;
  was_alone   boolean := false;
  claim       claimed_job;
begin
  select j.* into job from jobs j
  where j.id = p_job_id and j.job_state not in ('completed', 'failed')
    and (j.message_id = p_message_id or not is_queued(j.queue_name, j.message_id))
  for update;
  if not found then return null; end if;

  if job.next_attempt_at is null then
    -- Without a process id, a request held the job and not a worker.
    interrupted := not job.made_progress and job.process_id is not null
      and job.process_id is distinct from p_process_id;
    was_alone := interrupted and not job.quarantined and not exists (
      select from jobs other
      where other.id <> job.id and other.process_id = job.process_id
        and other.next_attempt_at is null and other.job_state not in ('completed', 'failed'))
      and not exists (
      select from jobs other where other.id <> job.id and other.interrupted_process = job.process_id);
  end if;

  update jobs j set
    queue_name = p_queue, message_id = p_message_id, attempt = p_attempt, process_id = p_process_id,
    interruptions = j.interruptions + interrupted::int, crashes = j.crashes + was_alone::int,
    interrupted_process = case when interrupted then j.process_id else j.interrupted_process end,
    log = case when j.next_attempt_at is null
      then j.log || jsonb_build_object('at', clock_timestamp(), 'attempt', j.attempt, 'outcome',
                                       'lost')
      else j.log end,
    made_progress = false, next_attempt_at = null, waiting_for = null, paused_at = null,
    paused_until = null,
    started_at = coalesce(j.started_at, clock_timestamp())
  where j.id = p_job_id
  returning j.queue_name, j.message_id, j.attempt, j.kind, j.id, j.asset_id, j.errors, j.crashes,
            j.interruptions, j.quarantined, j.course_id, j.request_id, j.traceparent,
            case when job.next_attempt_at is null then coalesce(
              (select w.instance from worker_processes w where w.id = job.process_id),
              job.process_id::text, 'a request') end
  into claim;
  return claim;
end
$$;

CREATE FUNCTION public.stop_job(p_asset_id uuid, p_code text, p_reason text) RETURNS boolean
    LANGUAGE plpgsql
    AS $$
declare
  job jobs;
begin
  perform lock_asset(p_asset_id);
  select j.* into job from jobs j
  where j.asset_id = p_asset_id and j.job_state not in ('completed', 'failed');
  if not found then return false; end if;
  perform lock_message(job.queue_name, job.message_id);
  -- The job can have ended while this function waited for the message.
  update jobs j set
    job_state = 'failed', error_code = p_code, error_message = p_reason,
    next_attempt_at = null, waiting_for = null, paused_at = null, paused_until = null,
    finished_at = clock_timestamp()
  where j.id = job.id and j.job_state not in ('completed', 'failed');
  if not found then return false; end if;
  perform pgmq.archive(job.queue_name, job.message_id);
  perform pg_notify('stopped', p_asset_id::text);
  return true;
end
$$;

CREATE FUNCTION public.switch_embeddings(p_course_id uuid, p_model text) RETURNS integer
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
        join inactive_embeddings s on s.chunk_id = c.id and s.content_md5 = md5(c.content)
        where s.embedding_model = $2 and c.embedding_model <> $2
          and ($1 is null or c.course_id = $1)
        for update of c
      ),
      taken as (
        delete from inactive_embeddings s using switching w
        where s.chunk_id = w.id and s.embedding_model = $2
      ),
      retired as (
        insert into inactive_embeddings
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
      into switched using p_course_id, p_model;
    total := total + switched;
  end loop;
  if total > 0 then
    perform record_event(case when p_course_id is null then 'system' else 'course' end,
      p_course_id, p_course_id, 'embeddings_switched',
      jsonb_build_object('model', p_model, 'chunks', total));
  end if;
  return total;
end
$_$;

CREATE FUNCTION public.take_webhook_message(p_endpoint_id uuid, p_now timestamp with time zone) RETURNS public.webhook_attempt
    LANGUAGE plpgsql
    AS $$
declare
  endpoint webhook_endpoints;
  message  webhook_messages;
  attempt  webhook_attempt;
begin
  loop
    select * into message from webhook_messages m
    where m.endpoint_id = p_endpoint_id and m.acknowledged_at is null
    order by m.sequence, m.id limit 1;
    if not found then return null; end if;
    exit when message.sequence is not null or not is_personal(message.asset_id);
    delete from webhook_messages where id = message.id;
  end loop;
  if message.sequence is null then
    update webhook_endpoints set last_sequence = last_sequence + 1 where id = p_endpoint_id
    returning last_sequence into message.sequence;
  end if;
  update webhook_messages m set sequence = message.sequence, attempts = m.attempts + 1
  where m.id = message.id;
  select * into endpoint from webhook_endpoints where id = p_endpoint_id;
  attempt.endpoint_id := p_endpoint_id;
  attempt.claim := endpoint.claim;
  attempt.url := endpoint.url;
  attempt.secrets := case when endpoint.former_secret_until > p_now
                          then array[endpoint.secret, endpoint.former_secret] else array[endpoint.secret] end;
  attempt.failures := endpoint.failures;
  attempt.delivery_id := message.id;
  attempt.message_id := message.message_id;
  attempt.sequence := message.sequence;
  attempt.event_type := message.event_type;
  attempt.course_id := message.course_id;
  attempt.data := message.data;
  attempt.question := (select left(c.content, 2000) from chat_messages c
                       where message.event_type = 'question.unanswered'
                         and c.id = (message.data ->> 'message_id')::uuid);
  attempt.occurred_at := message.created_at;
  return attempt;
end
$$;

CREATE FUNCTION public.touch_updated_at() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
  new.updated_at := now();
  return new;
end
$$;

CREATE FUNCTION public.transcribe_from_audio(p_lecture_id uuid, p_audio_file_id uuid, p_title text, p_priority text, p_visible_from timestamp with time zone DEFAULT NULL::timestamp with time zone) RETURNS uuid
    LANGUAGE plpgsql
    AS $$
declare
  job uuid;
begin
  perform lock_asset(p_lecture_id);
  update lectures l set source = 'upload', transcription = true, title = coalesce(l.title, p_title)
  where l.id = p_lecture_id and l.deleted_at is null
    and (l.status in ('completed', 'failed') or not l.transcription)
    and not exists (select from lecture_transcripts t where t.lecture_id = l.id);
  if not found then return null; end if;
  job := coalesce(retry_lecture(p_lecture_id),
                  begin_transcription(p_lecture_id, p_priority, 'Audio was uploaded instead'));
  -- After the start, because a completed lecture would give up the file at once.
  perform claim_audio_file(p_lecture_id, p_audio_file_id);
  perform add_release('lecture', p_lecture_id, p_visible_from, '[]');
  return job;
end
$$;

CREATE FUNCTION public.undo_correction(p_lecture_id uuid, p_correction_id uuid) RETURNS TABLE(correction_id uuid, lecture_id uuid, job_id uuid)
    LANGUAGE plpgsql
    AS $$
declare
  undone transcript_corrections;
begin
  perform lock_corrections(p_lecture_id);
  update transcript_corrections c set undone_at = clock_timestamp()
  where c.id = p_correction_id
    and exists (select from active_corrections(p_lecture_id) a where a.id = c.id)
  returning c.* into undone;
  if not found then return; end if;
  perform record_event('lecture', p_lecture_id, undone.course_id, 'transcript_correction_undone',
    jsonb_build_object('correction_id', undone.id, 'is_rule', undone.lecture_id is null));
  correction_id := undone.id;
  if undone.lecture_id is not null then
    lecture_id := p_lecture_id;
    job_id := apply_corrections(p_lecture_id, 'high');
    return next;
    return;
  end if;
  for lecture_id, job_id in
    select a.lecture_id, a.job_id from apply_rule(undone, array(select * from lectures_changed_by(undone))) a
  loop
    return next;
  end loop;
  if not found then return next; end if;
end
$$;

CREATE FUNCTION public.update_document_from_job() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
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

CREATE FUNCTION public.update_lecture_from_job() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
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

CREATE FUNCTION public.wake_waiting_jobs(p_provider text) RETURNS integer
    LANGUAGE plpgsql
    AS $$
declare
  woken integer;
begin
  with waiting as (
    select queue_name, message_id from jobs
    where waiting_for = p_provider and next_attempt_at > clock_timestamp()
      and job_state not in ('completed', 'failed')
  ),
  high as (
    update pgmq.q_ingest_high m set vt = clock_timestamp() from waiting w
    where w.queue_name = 'ingest_high' and m.msg_id = w.message_id returning 1
  ),
  normal as (
    update pgmq.q_ingest m set vt = clock_timestamp() from waiting w
    where w.queue_name = 'ingest' and m.msg_id = w.message_id returning 1
  )
  select (select count(*) from high) + (select count(*) from normal) into woken;
  if woken > 0 then perform pg_notify('ingest', 'ingest'); end if;
  return woken;
end
$$;

CREATE FUNCTION public.webhook_event_type(p_asset_type text, p_event_type text, p_payload jsonb) RETURNS text
    LANGUAGE sql IMMUTABLE
    AS $$
  select case
    when p_asset_type not in ('lecture', 'document') then null
    when p_event_type = 'status' then
      case p_payload ->> 'to'
        when 'pending' then p_asset_type || '.queued'
        when 'uploaded' then p_asset_type || '.queued'
        when 'completed' then p_asset_type || '.completed'
        when 'failed' then p_asset_type || '.failed'
      end
    when p_event_type = 'deleted' then p_asset_type || '.deleted'
    when p_event_type = 'version_published' and p_payload ? 'replaced' then 'document.replaced'
    when p_event_type = 'paused' then 'budget.exceeded'
  end
$$;

CREATE FUNCTION public.without_accents(p_config regconfig, p_text text) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS $$
  select case when p_config = 'pg_catalog.german'::regconfig
              then replace(replace(replace(plain, 'ae', 'a'), 'oe', 'o'), 'ue', 'u') else plain end
  from (
    select translate(replace(replace(replace(letters, 'ß', 'ss'), 'æ', 'ae'), 'œ', 'oe'), 'øłđı', 'oldi')
    from (
      select normalize(regexp_replace(normalize(p_text, NFD), '[\u0300-\u036f]+', '', 'g'), NFC)
    ) base (letters)
  ) folded (plain)
$$;

CREATE AGGREGATE public.merge_tsvectors(tsvector) (
    SFUNC = tsvector_concat,
    STYPE = tsvector,
    INITCOND = ''
);

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

CREATE SEQUENCE public.alignment_revisions
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

CREATE TABLE public.api_keys (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    name text NOT NULL,
    key_id text NOT NULL,
    hashed_key text NOT NULL,
    scopes text[] NOT NULL,
    course_ids uuid[],
    rate_per_minute integer,
    expires_at timestamp with time zone,
    link_user_id uuid,
    revoked_at timestamp with time zone,
    last_used_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT api_keys_check CHECK (((course_ids IS NULL) OR ((course_ids <> '{}'::uuid[]) AND (NOT ('admin'::text = ANY (scopes)))))),
    CONSTRAINT api_keys_rate_per_minute_check CHECK ((rate_per_minute > 0)),
    CONSTRAINT api_keys_scopes_check CHECK (((scopes <@ ARRAY['read'::text, 'ingest'::text, 'chat'::text, 'admin'::text]) AND (scopes <> '{}'::text[])))
);

CREATE TABLE public.audit_events (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    event_type text NOT NULL,
    key_id text,
    user_id uuid,
    address text,
    route text,
    request_id text,
    course_id uuid,
    target text,
    details jsonb DEFAULT '{}'::jsonb NOT NULL,
    count integer DEFAULT 1 NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT audit_events_count_check CHECK ((count > 0))
);

CREATE TABLE public.backups (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    place text NOT NULL,
    started_at timestamp with time zone DEFAULT now() NOT NULL,
    seen_at timestamp with time zone DEFAULT now() NOT NULL,
    finished_at timestamp with time zone,
    archive text,
    size_bytes bigint,
    rows bigint,
    files integer,
    missing integer,
    changed integer,
    error_code text,
    error_message text,
    CONSTRAINT backups_check CHECK (((error_code IS NULL) = (error_message IS NULL)))
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
    file_id uuid,
    uploaded_at timestamp with time zone DEFAULT now() NOT NULL,
    next_version_id uuid,
    metadata jsonb DEFAULT '{}'::jsonb NOT NULL,
    owner_id uuid,
    visible_from timestamp with time zone,
    deleted_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT documents_check CHECK (((status <> 'failed'::text) OR (status_reason <> ''::text))),
    CONSTRAINT documents_page_count_check CHECK ((page_count > 0)),
    CONSTRAINT documents_sha256_check CHECK ((sha256 ~ '^[0-9a-f]{64}$'::text)),
    CONSTRAINT documents_size_bytes_check CHECK ((size_bytes >= 0)),
    CONSTRAINT documents_status_check CHECK ((status = ANY (ARRAY['uploaded'::text, 'described'::text, 'embedding'::text, 'completed'::text, 'failed'::text])))
);

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

CREATE TABLE public.version_descriptions (
    version_id uuid NOT NULL,
    page_number integer NOT NULL,
    raw_description text NOT NULL,
    normalized_description text NOT NULL,
    described_by text NOT NULL,
    metadata jsonb DEFAULT '{}'::jsonb NOT NULL,
    CONSTRAINT version_descriptions_described_by_check CHECK ((described_by = ANY (ARRAY['model'::text, 'ocr'::text, 'text'::text]))),
    CONSTRAINT version_descriptions_page_number_check CHECK ((page_number > 0))
);

CREATE VIEW public.build_descriptions AS
 SELECT d.id AS document_id,
    s.page_number,
    s.raw_description,
    s.normalized_description,
    s.described_by,
    s.metadata
   FROM (public.documents d
     JOIN public.slide_descriptions s ON ((s.document_id = d.id)))
  WHERE (d.next_version_id IS NULL)
UNION ALL
 SELECT d.id AS document_id,
    v.page_number,
    v.raw_description,
    v.normalized_description,
    v.described_by,
    v.metadata
   FROM (public.documents d
     JOIN public.version_descriptions v ON ((v.version_id = d.next_version_id)));

CREATE TABLE public.chat_branches (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    session_id uuid NOT NULL,
    replaced_by text NOT NULL,
    messages jsonb NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL
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

CREATE TABLE public.course_sources (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    course_id uuid NOT NULL,
    kind text NOT NULL,
    url text NOT NULL,
    title text,
    transcription boolean DEFAULT true NOT NULL,
    visible_from timestamp with time zone,
    sync_every_hours integer,
    error_code text,
    error_message text,
    last_synced_at timestamp with time zone,
    next_sync_at timestamp with time zone DEFAULT now(),
    claim uuid,
    claimed_until timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT course_sources_kind_check CHECK ((kind = ANY (ARRAY['folder'::text, 'feed'::text, 'list'::text]))),
    CONSTRAINT course_sources_sync_every_hours_check CHECK ((sync_every_hours > 0))
);

CREATE TABLE public.courses (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    name text NOT NULL,
    description text,
    budget jsonb,
    transcription_terms boolean,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT courses_budget_check CHECK ((jsonb_typeof(budget) = 'object'::text)),
    CONSTRAINT courses_name_check CHECK ((name <> ''::text))
);

CREATE TABLE public.deck_scores (
    lecture_id uuid NOT NULL,
    document_id uuid NOT NULL,
    score real NOT NULL,
    middle_ms integer NOT NULL,
    is_suggested boolean NOT NULL,
    speech_hash text NOT NULL,
    pages_hash text NOT NULL,
    CONSTRAINT deck_scores_middle_ms_check CHECK ((middle_ms >= 0)),
    CONSTRAINT deck_scores_score_check CHECK (((score >= (0)::double precision) AND (score <= (1)::double precision)))
);

CREATE TABLE public.jobs (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    kind text NOT NULL,
    asset_id uuid NOT NULL,
    course_id uuid NOT NULL,
    lecture_id uuid GENERATED ALWAYS AS (
CASE kind
    WHEN 'lecture'::text THEN asset_id
    ELSE NULL::uuid
END) STORED,
    document_id uuid GENERATED ALWAYS AS (
CASE kind
    WHEN 'document'::text THEN asset_id
    ELSE NULL::uuid
END) STORED,
    job_state text DEFAULT 'pending'::text NOT NULL,
    progress_percent smallint DEFAULT 0 NOT NULL,
    error_code text,
    error_message text,
    priority text DEFAULT 'normal'::text NOT NULL,
    queue_name text,
    message_id bigint,
    attempt integer DEFAULT 0 NOT NULL,
    errors integer DEFAULT 0 NOT NULL,
    crashes integer DEFAULT 0 NOT NULL,
    interruptions integer DEFAULT 0 NOT NULL,
    quarantined boolean GENERATED ALWAYS AS (((crashes >= 2) OR (interruptions >= 2))) STORED,
    process_id uuid,
    interrupted_process uuid,
    turn bigint DEFAULT 0 NOT NULL,
    made_progress boolean DEFAULT false NOT NULL,
    next_attempt_at timestamp with time zone DEFAULT now(),
    waiting_for text,
    provider_failed_at timestamp with time zone,
    paused_at timestamp with time zone,
    paused_until timestamp with time zone,
    ignores_budget boolean DEFAULT false NOT NULL,
    request_id text,
    traceparent text,
    log jsonb DEFAULT '[]'::jsonb NOT NULL,
    started_at timestamp with time zone,
    finished_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT jobs_attempt_check CHECK ((attempt >= 0)),
    CONSTRAINT jobs_check CHECK (
CASE kind
    WHEN 'lecture'::text THEN (job_state = ANY (ARRAY['pending'::text, 'downloading'::text, 'transcribing'::text, 'embedding'::text, 'completed'::text, 'failed'::text]))
    ELSE (job_state = ANY (ARRAY['pending'::text, 'describing'::text, 'embedding'::text, 'completed'::text, 'failed'::text]))
END),
    CONSTRAINT jobs_check1 CHECK (((job_state <> 'failed'::text) OR (error_message <> ''::text))),
    CONSTRAINT jobs_check2 CHECK (((job_state <> 'completed'::text) OR (finished_at IS NOT NULL))),
    CONSTRAINT jobs_check3 CHECK (((job_state <> ALL (ARRAY['completed'::text, 'failed'::text])) OR (next_attempt_at IS NULL))),
    CONSTRAINT jobs_crashes_check CHECK ((crashes >= 0)),
    CONSTRAINT jobs_errors_check CHECK ((errors >= 0)),
    CONSTRAINT jobs_interruptions_check CHECK ((interruptions >= 0)),
    CONSTRAINT jobs_kind_check CHECK ((kind = ANY (ARRAY['lecture'::text, 'document'::text]))),
    CONSTRAINT jobs_priority_check CHECK ((priority = ANY (ARRAY['normal'::text, 'high'::text]))),
    CONSTRAINT jobs_progress_percent_check CHECK (((progress_percent >= 0) AND (progress_percent <= 100))),
    CONSTRAINT jobs_queue_name_check CHECK ((queue_name = ANY (ARRAY['ingest_high'::text, 'ingest'::text])))
);

CREATE VIEW public.document_jobs AS
 SELECT id,
    document_id,
    job_state,
    progress_percent,
    error_code,
    error_message,
    started_at,
    finished_at,
    log,
    priority,
    attempt,
    errors,
    crashes,
    quarantined,
    next_attempt_at,
    waiting_for,
    created_at,
    updated_at
   FROM public.jobs
  WHERE (kind = 'document'::text);

CREATE TABLE public.document_versions (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    document_id uuid NOT NULL,
    file_id uuid NOT NULL,
    filename text NOT NULL,
    title text,
    storage_url text NOT NULL,
    size_bytes bigint NOT NULL,
    sha256 text NOT NULL,
    page_count integer,
    language_code text,
    metadata jsonb DEFAULT '{}'::jsonb NOT NULL,
    uploaded_at timestamp with time zone DEFAULT now() NOT NULL,
    replaced_at timestamp with time zone,
    CONSTRAINT document_versions_page_count_check CHECK ((page_count > 0)),
    CONSTRAINT document_versions_sha256_check CHECK ((sha256 ~ '^[0-9a-f]{64}$'::text)),
    CONSTRAINT document_versions_size_bytes_check CHECK ((size_bytes >= 0))
);

CREATE TABLE public.draft_chunks (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    lecture_id uuid,
    document_id uuid,
    chunk_index integer NOT NULL,
    starts integer NOT NULL,
    ends integer NOT NULL,
    content text NOT NULL,
    metadata jsonb NOT NULL,
    search_text text,
    text_config regconfig NOT NULL,
    embedding public.halfvec(1536),
    embedding_model text,
    CONSTRAINT draft_chunks_check CHECK ((num_nonnulls(lecture_id, document_id) = 1))
);
ALTER TABLE ONLY public.draft_chunks ALTER COLUMN embedding SET STORAGE PLAIN;

CREATE TABLE public.draft_transcripts (
    lecture_id uuid NOT NULL,
    transcript_text text NOT NULL,
    word_segments jsonb NOT NULL,
    language_code text,
    token_count integer NOT NULL,
    provider text NOT NULL,
    model text,
    original jsonb,
    corrections jsonb DEFAULT '{}'::jsonb NOT NULL,
    corrects boolean DEFAULT false NOT NULL,
    warnings jsonb DEFAULT '[]'::jsonb NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT draft_transcripts_token_count_check CHECK ((token_count >= 0))
);

CREATE TABLE public.due_alignments (
    lecture_id uuid NOT NULL,
    revision bigint DEFAULT nextval('public.alignment_revisions'::regclass) NOT NULL,
    due_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    is_claimed boolean DEFAULT false NOT NULL,
    attempts integer DEFAULT 0 NOT NULL
);

CREATE TABLE public.exam_answers (
    course_id uuid NOT NULL,
    fingerprint text NOT NULL,
    answer jsonb NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE public.exam_questions (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    course_id uuid NOT NULL,
    lecture_id uuid,
    document_id uuid,
    question text NOT NULL,
    term text NOT NULL,
    place jsonb,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT exam_questions_check CHECK ((num_nonnulls(lecture_id, document_id) = 1)),
    CONSTRAINT exam_questions_question_check CHECK ((question <> ''::text)),
    CONSTRAINT exam_questions_term_check CHECK ((term <> ''::text))
);

CREATE TABLE public.exam_runs (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    course_id uuid NOT NULL,
    kind text NOT NULL,
    settings jsonb NOT NULL,
    report jsonb NOT NULL,
    regressions text[] DEFAULT '{}'::text[] NOT NULL,
    accepted_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT exam_runs_kind_check CHECK ((kind = ANY (ARRAY['full'::text, 'search'::text])))
);

CREATE TABLE public.exam_turns (
    course_id uuid NOT NULL,
    holder uuid,
    seen_at timestamp with time zone DEFAULT now() NOT NULL,
    retry_at timestamp with time zone,
    failures integer DEFAULT 0 NOT NULL
);

CREATE TABLE public.idempotency_keys (
    key text NOT NULL,
    route text NOT NULL,
    request_hash text NOT NULL,
    status integer,
    body jsonb,
    session_id uuid,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE public.inactive_embeddings (
    chunk_id uuid NOT NULL,
    course_id uuid NOT NULL,
    embedding_model text NOT NULL,
    embedding public.halfvec(1536) NOT NULL,
    content_md5 text NOT NULL,
    retired_at timestamp with time zone
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
    search_text text,
    tsv tsvector GENERATED ALWAYS AS (public.compact_vector(public.search_vector(text_config, COALESCE(search_text, content)), context_tsv)) STORED,
    context_tsv tsvector,
    embedding public.halfvec(1536),
    embedding_bits bit(1024) GENERATED ALWAYS AS (public.bits_of(embedding)) STORED,
    embedding_model text,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT lecture_chunks_check CHECK ((end_ms >= start_ms)),
    CONSTRAINT lecture_chunks_check1 CHECK (((embedding IS NULL) = (embedding_model IS NULL))),
    CONSTRAINT lecture_chunks_chunk_index_check CHECK ((chunk_index >= 0)),
    CONSTRAINT lecture_chunks_start_ms_check CHECK ((start_ms >= 0))
)
WITH (toast_tuple_target='4080');
ALTER TABLE ONLY public.lecture_chunks ALTER COLUMN embedding SET STORAGE PLAIN;
ALTER TABLE ONLY public.lecture_chunks ALTER COLUMN embedding_bits SET STORAGE PLAIN;

CREATE TABLE public.lectures (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    course_id uuid NOT NULL,
    source text NOT NULL,
    panopto_session_id text,
    panopto_url text,
    media_url text,
    title text,
    transcription boolean DEFAULT true NOT NULL,
    status text DEFAULT 'pending'::text NOT NULL,
    status_reason text,
    audio_duration_seconds integer,
    audio_sha256 text,
    language_code text,
    transcript_status text DEFAULT 'pending'::text NOT NULL,
    embed_status text DEFAULT 'pending'::text NOT NULL,
    slide_changes jsonb DEFAULT '[]'::jsonb NOT NULL,
    audio_file_id uuid,
    last_job_id uuid,
    retranscribing boolean DEFAULT false NOT NULL,
    metadata jsonb DEFAULT '{}'::jsonb NOT NULL,
    owner_id uuid,
    visible_from timestamp with time zone,
    deleted_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT lectures_audio_duration_seconds_check CHECK ((audio_duration_seconds >= 0)),
    CONSTRAINT lectures_audio_sha256_check CHECK ((audio_sha256 ~ '^[0-9a-f]{64}$'::text)),
    CONSTRAINT lectures_check CHECK (((source <> 'panopto'::text) OR ((panopto_session_id IS NOT NULL) AND (panopto_url IS NOT NULL)))),
    CONSTRAINT lectures_check1 CHECK (((status <> 'failed'::text) OR (status_reason <> ''::text))),
    CONSTRAINT lectures_embed_status_check CHECK ((embed_status = ANY (ARRAY['pending'::text, 'processing'::text, 'completed'::text, 'failed'::text, 'skipped'::text]))),
    CONSTRAINT lectures_media_url_check CHECK ((media_url ~ '^https?://'::text)),
    CONSTRAINT lectures_source_check CHECK ((source = ANY (ARRAY['panopto'::text, 'upload'::text, 'transcript'::text]))),
    CONSTRAINT lectures_status_check CHECK ((status = ANY (ARRAY['pending'::text, 'downloading'::text, 'transcribing'::text, 'embedding'::text, 'completed'::text, 'failed'::text]))),
    CONSTRAINT lectures_transcript_status_check CHECK ((transcript_status = ANY (ARRAY['pending'::text, 'processing'::text, 'completed'::text, 'failed'::text, 'skipped'::text])))
);

CREATE VIEW public.lecture_download_jobs AS
 SELECT id,
    lecture_id,
    ( SELECT lectures.panopto_url
           FROM public.lectures
          WHERE (lectures.id = jobs.lecture_id)) AS panopto_reference,
    job_state,
    progress_percent,
    error_code,
    error_message,
    started_at,
    finished_at,
    log,
    priority,
    attempt,
    errors,
    crashes,
    quarantined,
    next_attempt_at,
    waiting_for,
    created_at,
    updated_at
   FROM public.jobs
  WHERE (kind = 'lecture'::text);

CREATE TABLE public.lecture_transcripts (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    lecture_id uuid NOT NULL,
    transcript_text text NOT NULL,
    word_segments jsonb NOT NULL,
    language_code text,
    token_count integer NOT NULL,
    provider text NOT NULL,
    model text,
    original jsonb,
    corrections jsonb DEFAULT '{}'::jsonb NOT NULL,
    corrections_due boolean DEFAULT false NOT NULL,
    sha256 text DEFAULT ''::text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT lecture_transcripts_token_count_check CHECK ((token_count >= 0))
);

CREATE TABLE public.message_feedback (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    session_id uuid NOT NULL,
    message_id uuid NOT NULL,
    user_id uuid,
    citation integer,
    rating text NOT NULL,
    reason text,
    comment text,
    question text NOT NULL,
    answer text NOT NULL,
    metadata jsonb NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT message_feedback_citation_check CHECK ((citation > 0)),
    CONSTRAINT message_feedback_rating_check CHECK ((rating = ANY (ARRAY['up'::text, 'down'::text])))
);

CREATE TABLE public.page_releases (
    id bigint NOT NULL,
    document_id uuid NOT NULL,
    page_from integer NOT NULL,
    page_to integer NOT NULL,
    visible_from timestamp with time zone NOT NULL,
    CONSTRAINT page_releases_check CHECK ((page_to >= page_from)),
    CONSTRAINT page_releases_page_from_check CHECK ((page_from > 0))
);

ALTER TABLE public.page_releases ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.page_releases_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
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
    id uuid NOT NULL,
    call_key text NOT NULL,
    purpose text NOT NULL,
    provider text NOT NULL,
    model text,
    asset_type text,
    asset_id uuid,
    course_id uuid,
    job_id uuid,
    message_id bigint,
    attempt integer,
    state text DEFAULT 'started'::text NOT NULL,
    request_id text,
    usage jsonb DEFAULT '{}'::jsonb NOT NULL,
    terms text[] DEFAULT '{}'::text[] NOT NULL,
    cost_usd numeric,
    is_free boolean DEFAULT false NOT NULL,
    error_code text,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    finished_at timestamp with time zone,
    CONSTRAINT provider_calls_asset_type_check CHECK ((asset_type = ANY (ARRAY['lecture'::text, 'document'::text]))),
    CONSTRAINT provider_calls_check CHECK (((state = 'started'::text) = (finished_at IS NULL))),
    CONSTRAINT provider_calls_state_check CHECK ((state = ANY (ARRAY['started'::text, 'ok'::text, 'error'::text, 'lost'::text])))
);

CREATE TABLE public.provider_prices (
    provider text NOT NULL,
    model text NOT NULL,
    unit text NOT NULL,
    usd numeric NOT NULL,
    per numeric DEFAULT 1 NOT NULL,
    CONSTRAINT provider_prices_per_check CHECK ((per > (0)::numeric)),
    CONSTRAINT provider_prices_usd_check CHECK ((usd >= (0)::numeric))
);

CREATE TABLE public.queue_hold (
    only_row boolean DEFAULT true NOT NULL,
    reason text NOT NULL,
    since timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT queue_hold_only_row_check CHECK (only_row)
);

CREATE VIEW public.queued_messages AS
 SELECT 'ingest_high'::text AS queue_name,
    q_ingest_high.msg_id,
    q_ingest_high.read_ct,
    q_ingest_high.vt,
    q_ingest_high.message
   FROM pgmq.q_ingest_high
UNION ALL
 SELECT 'ingest'::text AS queue_name,
    q_ingest.msg_id,
    q_ingest.read_ct,
    q_ingest.vt,
    q_ingest.message
   FROM pgmq.q_ingest;

CREATE TABLE public.schema_migrations (
    name text NOT NULL,
    sha256 text NOT NULL,
    applied_at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE public.signing_secret (
    only_row boolean DEFAULT true NOT NULL,
    secret bytea DEFAULT sha256(convert_to(((gen_random_uuid())::text || (gen_random_uuid())::text), 'UTF8'::name)) NOT NULL,
    CONSTRAINT signing_secret_only_row_check CHECK (only_row)
);

CREATE TABLE public.slide_assignments (
    lecture_id uuid NOT NULL,
    document_ids uuid[] NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL
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
    search_text text,
    tsv tsvector GENERATED ALWAYS AS (public.compact_vector(public.search_vector(text_config, COALESCE(search_text, content)), context_tsv)) STORED,
    context_tsv tsvector,
    embedding public.halfvec(1536),
    embedding_bits bit(1024) GENERATED ALWAYS AS (public.bits_of(embedding)) STORED,
    embedding_model text,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT slide_chunks_check CHECK ((page_end >= page_number)),
    CONSTRAINT slide_chunks_check1 CHECK (((embedding IS NULL) = (embedding_model IS NULL))),
    CONSTRAINT slide_chunks_chunk_index_check CHECK ((chunk_index >= 0)),
    CONSTRAINT slide_chunks_page_number_check CHECK ((page_number > 0))
)
WITH (toast_tuple_target='4080');
ALTER TABLE ONLY public.slide_chunks ALTER COLUMN embedding SET STORAGE PLAIN;
ALTER TABLE ONLY public.slide_chunks ALTER COLUMN embedding_bits SET STORAGE PLAIN;

CREATE TABLE public.slide_spans (
    lecture_id uuid NOT NULL,
    document_id uuid NOT NULL,
    page_number integer NOT NULL,
    start_ms integer NOT NULL,
    end_ms integer NOT NULL,
    confidence real NOT NULL,
    source text NOT NULL,
    page_words text DEFAULT ''::text NOT NULL,
    spoken_words text DEFAULT ''::text NOT NULL,
    CONSTRAINT slide_spans_check CHECK ((end_ms > start_ms)),
    CONSTRAINT slide_spans_confidence_check CHECK (((confidence >= (0)::double precision) AND (confidence <= (1)::double precision))),
    CONSTRAINT slide_spans_page_number_check CHECK ((page_number > 0)),
    CONSTRAINT slide_spans_source_check CHECK ((source = ANY (ARRAY['speech'::text, 'panopto'::text]))),
    CONSTRAINT slide_spans_start_ms_check CHECK ((start_ms >= 0))
);

CREATE TABLE public.source_recordings (
    source_id uuid NOT NULL,
    session_id text NOT NULL,
    url text NOT NULL,
    title text,
    duration_ms bigint,
    recorded_at timestamp with time zone,
    lecture_id uuid,
    error_code text,
    error_message text,
    found_at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE public.status_transitions (
    entity text NOT NULL,
    from_status text NOT NULL,
    to_status text NOT NULL
);

ALTER TABLE public.transcript_corrections ALTER COLUMN seq ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.transcript_corrections_seq_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.unclaimed_audio (
    file_id uuid NOT NULL,
    since timestamp with time zone DEFAULT now() NOT NULL,
    removal_started boolean DEFAULT false NOT NULL
);

CREATE TABLE public.unclaimed_files (
    file_id uuid NOT NULL,
    since timestamp with time zone DEFAULT now() NOT NULL,
    removal_started boolean DEFAULT false NOT NULL
);

CREATE TABLE public.users (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    issuer text NOT NULL,
    subject text NOT NULL,
    email text,
    display_name text,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE public.webhook_endpoints (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    course_id uuid,
    url text NOT NULL,
    description text,
    event_types text[],
    secret text NOT NULL,
    former_secret text,
    former_secret_until timestamp with time zone,
    enabled boolean DEFAULT true NOT NULL,
    disabled_reason text,
    last_sequence bigint DEFAULT 0 NOT NULL,
    failures integer DEFAULT 0 NOT NULL,
    failing_since timestamp with time zone,
    last_error text,
    next_attempt_at timestamp with time zone DEFAULT now() NOT NULL,
    claim uuid,
    claimed_until timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT webhook_endpoints_event_types_check CHECK ((event_types <> '{}'::text[])),
    CONSTRAINT webhook_endpoints_url_check CHECK ((url ~ '^https?://'::text))
);

CREATE TABLE public.webhook_messages (
    id bigint NOT NULL,
    endpoint_id uuid NOT NULL,
    message_id uuid NOT NULL,
    sequence bigint,
    event_type text NOT NULL,
    course_id uuid,
    asset_id uuid,
    data jsonb NOT NULL,
    attempts integer DEFAULT 0 NOT NULL,
    acknowledged_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);

ALTER TABLE public.webhook_messages ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.webhook_messages_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.word_count_states (
    course_id uuid,
    chunks bigint NOT NULL,
    counted_at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE public.word_counts (
    course_id uuid,
    text_config regconfig NOT NULL,
    lexeme text NOT NULL,
    chunks integer NOT NULL,
    CONSTRAINT word_counts_chunks_check CHECK ((chunks > 0))
);

CREATE TABLE public.worker_processes (
    id uuid NOT NULL,
    instance text NOT NULL,
    wanted integer NOT NULL,
    alive integer NOT NULL,
    started_at timestamp with time zone DEFAULT now() NOT NULL,
    seen_at timestamp with time zone DEFAULT now() NOT NULL
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

ALTER TABLE ONLY public.audit_events
    ADD CONSTRAINT audit_events_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.backups
    ADD CONSTRAINT backups_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.chat_branches
    ADD CONSTRAINT chat_branches_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.chat_messages
    ADD CONSTRAINT chat_messages_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.chat_messages
    ADD CONSTRAINT chat_messages_session_id_position_key UNIQUE (session_id, "position");

ALTER TABLE ONLY public.chat_messages
    ADD CONSTRAINT chat_messages_turn_id_step_key UNIQUE (turn_id, step);

ALTER TABLE ONLY public.chat_sessions
    ADD CONSTRAINT chat_sessions_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.course_sources
    ADD CONSTRAINT course_sources_course_id_url_key UNIQUE (course_id, url);

ALTER TABLE ONLY public.course_sources
    ADD CONSTRAINT course_sources_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.courses
    ADD CONSTRAINT courses_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.deck_scores
    ADD CONSTRAINT deck_scores_pkey PRIMARY KEY (lecture_id, document_id);

ALTER TABLE ONLY public.document_versions
    ADD CONSTRAINT document_versions_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.documents
    ADD CONSTRAINT documents_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.draft_chunks
    ADD CONSTRAINT draft_chunks_document_id_chunk_index_key UNIQUE (document_id, chunk_index);

ALTER TABLE ONLY public.draft_chunks
    ADD CONSTRAINT draft_chunks_lecture_id_chunk_index_key UNIQUE (lecture_id, chunk_index);

ALTER TABLE ONLY public.draft_chunks
    ADD CONSTRAINT draft_chunks_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.draft_transcripts
    ADD CONSTRAINT draft_transcripts_pkey PRIMARY KEY (lecture_id);

ALTER TABLE ONLY public.due_alignments
    ADD CONSTRAINT due_alignments_pkey PRIMARY KEY (lecture_id);

ALTER TABLE ONLY public.exam_answers
    ADD CONSTRAINT exam_answers_pkey PRIMARY KEY (course_id, fingerprint);

ALTER TABLE ONLY public.exam_questions
    ADD CONSTRAINT exam_questions_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.exam_runs
    ADD CONSTRAINT exam_runs_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.exam_turns
    ADD CONSTRAINT exam_turns_pkey PRIMARY KEY (course_id);

ALTER TABLE ONLY public.idempotency_keys
    ADD CONSTRAINT idempotency_keys_pkey PRIMARY KEY (key, route);

ALTER TABLE ONLY public.inactive_embeddings
    ADD CONSTRAINT inactive_embeddings_pkey PRIMARY KEY (chunk_id, embedding_model);

ALTER TABLE ONLY public.jobs
    ADD CONSTRAINT jobs_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.lecture_chunks
    ADD CONSTRAINT lecture_chunks_lecture_id_chunk_index_key UNIQUE (lecture_id, chunk_index);

ALTER TABLE ONLY public.lecture_chunks
    ADD CONSTRAINT lecture_chunks_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.lecture_transcripts
    ADD CONSTRAINT lecture_transcripts_lecture_id_key UNIQUE (lecture_id);

ALTER TABLE ONLY public.lecture_transcripts
    ADD CONSTRAINT lecture_transcripts_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.lectures
    ADD CONSTRAINT lectures_audio_file_id_key UNIQUE (audio_file_id);

ALTER TABLE ONLY public.lectures
    ADD CONSTRAINT lectures_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.message_feedback
    ADD CONSTRAINT message_feedback_message_id_user_id_citation_key UNIQUE NULLS NOT DISTINCT (message_id, user_id, citation);

ALTER TABLE ONLY public.message_feedback
    ADD CONSTRAINT message_feedback_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.page_releases
    ADD CONSTRAINT page_releases_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.processing_events
    ADD CONSTRAINT processing_events_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.provider_calls
    ADD CONSTRAINT provider_calls_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.provider_prices
    ADD CONSTRAINT provider_prices_pkey PRIMARY KEY (provider, model, unit);

ALTER TABLE ONLY public.provider_states
    ADD CONSTRAINT provider_states_pkey PRIMARY KEY (provider);

ALTER TABLE ONLY public.queue_hold
    ADD CONSTRAINT queue_hold_pkey PRIMARY KEY (only_row);

ALTER TABLE ONLY public.schema_migrations
    ADD CONSTRAINT schema_migrations_pkey PRIMARY KEY (name);

ALTER TABLE ONLY public.signing_secret
    ADD CONSTRAINT signing_secret_pkey PRIMARY KEY (only_row);

ALTER TABLE ONLY public.slide_assignments
    ADD CONSTRAINT slide_assignments_pkey PRIMARY KEY (lecture_id);

ALTER TABLE ONLY public.slide_chunks
    ADD CONSTRAINT slide_chunks_document_id_chunk_index_key UNIQUE (document_id, chunk_index);

ALTER TABLE ONLY public.slide_chunks
    ADD CONSTRAINT slide_chunks_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.slide_descriptions
    ADD CONSTRAINT slide_descriptions_document_id_page_number_key UNIQUE (document_id, page_number);

ALTER TABLE ONLY public.slide_descriptions
    ADD CONSTRAINT slide_descriptions_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.slide_spans
    ADD CONSTRAINT slide_spans_pkey PRIMARY KEY (lecture_id, start_ms);

ALTER TABLE ONLY public.source_recordings
    ADD CONSTRAINT source_recordings_pkey PRIMARY KEY (source_id, session_id);

ALTER TABLE ONLY public.status_transitions
    ADD CONSTRAINT status_transitions_pkey PRIMARY KEY (entity, from_status, to_status);

ALTER TABLE ONLY public.transcript_corrections
    ADD CONSTRAINT transcript_corrections_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.unclaimed_audio
    ADD CONSTRAINT unclaimed_audio_pkey PRIMARY KEY (file_id);

ALTER TABLE ONLY public.unclaimed_files
    ADD CONSTRAINT unclaimed_files_pkey PRIMARY KEY (file_id);

ALTER TABLE ONLY public.users
    ADD CONSTRAINT users_issuer_subject_key UNIQUE (issuer, subject);

ALTER TABLE ONLY public.users
    ADD CONSTRAINT users_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.version_descriptions
    ADD CONSTRAINT version_descriptions_pkey PRIMARY KEY (version_id, page_number);

ALTER TABLE ONLY public.webhook_endpoints
    ADD CONSTRAINT webhook_endpoints_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.webhook_messages
    ADD CONSTRAINT webhook_messages_endpoint_id_sequence_key UNIQUE (endpoint_id, sequence);

ALTER TABLE ONLY public.webhook_messages
    ADD CONSTRAINT webhook_messages_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.word_count_states
    ADD CONSTRAINT word_count_states_course_id_key UNIQUE NULLS NOT DISTINCT (course_id);

ALTER TABLE ONLY public.word_counts
    ADD CONSTRAINT word_counts_course_id_text_config_lexeme_key UNIQUE NULLS NOT DISTINCT (course_id, text_config, lexeme);

ALTER TABLE ONLY public.worker_processes
    ADD CONSTRAINT worker_processes_pkey PRIMARY KEY (id);

CREATE UNIQUE INDEX audit_events_denials ON public.audit_events USING btree (created_at, key_id, user_id, address, ((details ->> 'code'::text))) NULLS NOT DISTINCT WHERE (event_type = 'auth.denied'::text);

CREATE INDEX audit_events_newest ON public.audit_events USING btree (created_at DESC, id DESC);

CREATE INDEX backups_order ON public.backups USING btree (started_at DESC);

CREATE INDEX chat_branches_session ON public.chat_branches USING btree (session_id, created_at);

CREATE UNIQUE INDEX chat_messages_client ON public.chat_messages USING btree (session_id, client_id);

CREATE INDEX chat_sessions_course ON public.chat_sessions USING btree (course_id, created_at DESC, id DESC);

CREATE INDEX chat_sessions_thread ON public.chat_sessions USING btree (thread_id) WHERE (thread_id IS NOT NULL);

CREATE INDEX chat_sessions_user ON public.chat_sessions USING btree (user_id);

CREATE INDEX course_sources_due ON public.course_sources USING btree (next_sync_at) WHERE (next_sync_at IS NOT NULL);

CREATE INDEX courses_order ON public.courses USING btree (created_at, id);

CREATE INDEX deck_scores_document ON public.deck_scores USING btree (document_id);

CREATE INDEX document_versions_document ON public.document_versions USING btree (document_id, sha256);

CREATE INDEX documents_bytes ON public.documents USING btree (course_id, sha256) WHERE (deleted_at IS NULL);

CREATE INDEX documents_changed ON public.documents USING btree (updated_at, id);

CREATE INDEX documents_order ON public.documents USING btree (course_id, created_at, id);

CREATE INDEX documents_owner ON public.documents USING btree (owner_id) WHERE (owner_id IS NOT NULL);

CREATE INDEX documents_unfinished ON public.documents USING btree (status) WHERE (status <> 'completed'::text);

CREATE INDEX documents_unreleased ON public.documents USING btree (visible_from) WHERE (visible_from IS NOT NULL);

CREATE INDEX due_alignments_order ON public.due_alignments USING btree (due_at);

CREATE INDEX exam_questions_course ON public.exam_questions USING btree (course_id);

CREATE INDEX exam_questions_document ON public.exam_questions USING btree (document_id) WHERE (document_id IS NOT NULL);

CREATE INDEX exam_questions_lecture ON public.exam_questions USING btree (lecture_id) WHERE (lecture_id IS NOT NULL);

CREATE INDEX exam_runs_course ON public.exam_runs USING btree (course_id, created_at DESC, id DESC);

CREATE INDEX idempotency_keys_session_idx ON public.idempotency_keys USING btree (session_id) WHERE (session_id IS NOT NULL);

CREATE INDEX inactive_embeddings_course ON public.inactive_embeddings USING btree (course_id, embedding_model);

CREATE INDEX jobs_course_turn ON public.jobs USING btree (course_id, queue_name, turn);

CREATE INDEX jobs_document ON public.jobs USING btree (document_id) WHERE (document_id IS NOT NULL);

CREATE INDEX jobs_interrupted ON public.jobs USING btree (interrupted_process) WHERE (interrupted_process IS NOT NULL);

CREATE INDEX jobs_lecture ON public.jobs USING btree (lecture_id) WHERE (lecture_id IS NOT NULL);

CREATE INDEX jobs_served ON public.jobs USING btree (queue_name, turn) WHERE (attempt > 0);

CREATE UNIQUE INDEX jobs_unfinished ON public.jobs USING btree (asset_id) WHERE (job_state <> ALL (ARRAY['completed'::text, 'failed'::text]));

CREATE INDEX lecture_chunks_context ON public.lecture_chunks USING gin ((ARRAY[course_id]), context_tsv) WHERE (context_tsv IS NOT NULL);

CREATE INDEX lecture_chunks_kind ON public.lecture_chunks USING btree (course_id, text_config, embedding_model) INCLUDE (id, lecture_id, embedding_bits);

CREATE INDEX lecture_chunks_text ON public.lecture_chunks USING gin ((ARRAY[course_id]), tsv);

CREATE INDEX lectures_changed ON public.lectures USING btree (updated_at, id);

CREATE INDEX lectures_order ON public.lectures USING btree (course_id, created_at, id);

CREATE INDEX lectures_owner ON public.lectures USING btree (owner_id) WHERE (owner_id IS NOT NULL);

CREATE INDEX lectures_session ON public.lectures USING btree (course_id, panopto_session_id) WHERE (deleted_at IS NULL);

CREATE INDEX lectures_unfinished ON public.lectures USING btree (status) WHERE (status <> 'completed'::text);

CREATE INDEX message_feedback_session ON public.message_feedback USING btree (session_id);

CREATE INDEX message_feedback_user ON public.message_feedback USING btree (user_id) WHERE (user_id IS NOT NULL);

CREATE INDEX page_releases_document ON public.page_releases USING btree (document_id);

CREATE INDEX processing_events_asset ON public.processing_events USING btree (asset_id, id);

CREATE INDEX processing_events_course ON public.processing_events USING btree (course_id, id);

CREATE INDEX provider_calls_asset ON public.provider_calls USING btree (asset_id, created_at);

CREATE INDEX provider_calls_course ON public.provider_calls USING btree (course_id, created_at);

CREATE INDEX provider_calls_job ON public.provider_calls USING btree (job_id, call_key);

CREATE INDEX provider_calls_started ON public.provider_calls USING btree (provider) WHERE (state = 'started'::text);

CREATE INDEX provider_calls_time ON public.provider_calls USING btree (created_at);

CREATE INDEX slide_chunks_context ON public.slide_chunks USING gin ((ARRAY[course_id]), context_tsv) WHERE (context_tsv IS NOT NULL);

CREATE INDEX slide_chunks_kind ON public.slide_chunks USING btree (course_id, text_config, embedding_model) INCLUDE (id, document_id, embedding_bits);

CREATE INDEX slide_chunks_text ON public.slide_chunks USING gin ((ARRAY[course_id]), tsv);

CREATE INDEX slide_spans_page ON public.slide_spans USING btree (document_id, page_number, lecture_id, start_ms);

CREATE INDEX transcript_corrections_course ON public.transcript_corrections USING btree (course_id, created_at, id);

CREATE INDEX transcript_corrections_lecture ON public.transcript_corrections USING btree (lecture_id) WHERE (lecture_id IS NOT NULL);

CREATE INDEX unclaimed_audio_age ON public.unclaimed_audio USING btree (since);

CREATE INDEX unclaimed_files_age ON public.unclaimed_files USING btree (since);

CREATE INDEX webhook_endpoints_course ON public.webhook_endpoints USING btree (course_id);

CREATE INDEX webhook_messages_age ON public.webhook_messages USING btree (created_at);

CREATE INDEX webhook_messages_waiting ON public.webhook_messages USING btree (endpoint_id, sequence, id) WHERE (acknowledged_at IS NULL);

CREATE TRIGGER chat_sessions_touch BEFORE UPDATE ON public.chat_sessions FOR EACH ROW EXECUTE FUNCTION public.touch_updated_at();

CREATE TRIGGER course_sources_touch BEFORE UPDATE ON public.course_sources FOR EACH ROW EXECUTE FUNCTION public.touch_updated_at();

CREATE TRIGGER courses_touch BEFORE UPDATE ON public.courses FOR EACH ROW EXECUTE FUNCTION public.touch_updated_at();

CREATE TRIGGER documents_align AFTER UPDATE OF status, owner_id, deleted_at ON public.documents FOR EACH ROW WHEN ((((new.status = 'completed'::text) AND (old.status <> 'completed'::text)) OR (old.owner_id IS DISTINCT FROM new.owner_id) OR (old.deleted_at IS DISTINCT FROM new.deleted_at))) EXECUTE FUNCTION public.align_course_later();

CREATE TRIGGER documents_inserted AFTER INSERT ON public.documents FOR EACH ROW EXECUTE FUNCTION public.record_document_status();

CREATE TRIGGER documents_moved AFTER UPDATE OF status ON public.documents FOR EACH ROW WHEN ((old.status IS DISTINCT FROM new.status)) EXECUTE FUNCTION public.record_document_status();

CREATE TRIGGER documents_status BEFORE UPDATE OF status ON public.documents FOR EACH ROW EXECUTE FUNCTION public.guard_status('document', 'status');

CREATE TRIGGER documents_touch BEFORE UPDATE ON public.documents FOR EACH ROW EXECUTE FUNCTION public.touch_updated_at();

CREATE TRIGGER jobs_document_inserted AFTER INSERT ON public.jobs FOR EACH ROW WHEN ((new.kind = 'document'::text)) EXECUTE FUNCTION public.update_document_from_job();

CREATE TRIGGER jobs_document_moved AFTER UPDATE OF job_state ON public.jobs FOR EACH ROW WHEN (((new.kind = 'document'::text) AND (old.job_state IS DISTINCT FROM new.job_state))) EXECUTE FUNCTION public.update_document_from_job();

CREATE TRIGGER jobs_document_state BEFORE UPDATE OF job_state ON public.jobs FOR EACH ROW WHEN ((new.kind = 'document'::text)) EXECUTE FUNCTION public.guard_status('document_job', 'job_state');

CREATE TRIGGER jobs_lecture_inserted AFTER INSERT ON public.jobs FOR EACH ROW WHEN ((new.kind = 'lecture'::text)) EXECUTE FUNCTION public.update_lecture_from_job();

CREATE TRIGGER jobs_lecture_moved AFTER UPDATE OF job_state ON public.jobs FOR EACH ROW WHEN (((new.kind = 'lecture'::text) AND (old.job_state IS DISTINCT FROM new.job_state))) EXECUTE FUNCTION public.update_lecture_from_job();

CREATE TRIGGER jobs_lecture_state BEFORE UPDATE OF job_state ON public.jobs FOR EACH ROW WHEN ((new.kind = 'lecture'::text)) EXECUTE FUNCTION public.guard_status('lecture_job', 'job_state');

CREATE TRIGGER jobs_quarantined AFTER UPDATE OF crashes, interruptions ON public.jobs FOR EACH ROW WHEN ((new.quarantined AND (NOT old.quarantined))) EXECUTE FUNCTION public.record_quarantine();

CREATE TRIGGER jobs_touch BEFORE UPDATE ON public.jobs FOR EACH ROW EXECUTE FUNCTION public.touch_updated_at();

CREATE TRIGGER lecture_chunks_deleted AFTER DELETE ON public.lecture_chunks REFERENCING OLD TABLE AS deleted FOR EACH STATEMENT EXECUTE FUNCTION public.delete_inactive_embeddings();

CREATE TRIGGER lecture_transcripts_align AFTER UPDATE OF word_segments ON public.lecture_transcripts FOR EACH ROW WHEN ((old.sha256 <> new.sha256)) EXECUTE FUNCTION public.align_transcript_later();

CREATE TRIGGER lecture_transcripts_hash BEFORE INSERT OR UPDATE OF word_segments ON public.lecture_transcripts FOR EACH ROW EXECUTE FUNCTION public.hash_transcript();

CREATE TRIGGER lecture_transcripts_touch BEFORE UPDATE ON public.lecture_transcripts FOR EACH ROW EXECUTE FUNCTION public.touch_updated_at();

CREATE TRIGGER lectures_align AFTER UPDATE OF status, slide_changes, owner_id, audio_duration_seconds ON public.lectures FOR EACH ROW WHEN (((((old.status IS DISTINCT FROM new.status) OR (old.slide_changes IS DISTINCT FROM new.slide_changes)) OR (old.owner_id IS DISTINCT FROM new.owner_id)) OR (old.audio_duration_seconds IS DISTINCT FROM new.audio_duration_seconds))) EXECUTE FUNCTION public.align_lecture_later();

CREATE TRIGGER lectures_audio_deleted AFTER DELETE ON public.lectures FOR EACH ROW WHEN ((old.audio_file_id IS NOT NULL)) EXECUTE FUNCTION public.release_audio_file();

CREATE TRIGGER lectures_audio_replaced AFTER UPDATE ON public.lectures FOR EACH ROW WHEN (((old.audio_file_id IS DISTINCT FROM new.audio_file_id) AND (old.audio_file_id IS NOT NULL))) EXECUTE FUNCTION public.release_audio_file();

CREATE TRIGGER lectures_drop_audio BEFORE UPDATE ON public.lectures FOR EACH ROW WHEN (((new.audio_file_id IS NOT NULL) AND ((new.status = 'completed'::text) OR (new.deleted_at IS NOT NULL)))) EXECUTE FUNCTION public.drop_unneeded_audio();

CREATE TRIGGER lectures_embed_status BEFORE UPDATE OF embed_status ON public.lectures FOR EACH ROW EXECUTE FUNCTION public.guard_status('part', 'embed_status');

CREATE TRIGGER lectures_forget AFTER UPDATE OF deleted_at ON public.lectures FOR EACH ROW WHEN (((new.deleted_at IS NOT NULL) AND (old.deleted_at IS NULL))) EXECUTE FUNCTION public.forget_lecture_later();

CREATE TRIGGER lectures_touch BEFORE UPDATE ON public.lectures FOR EACH ROW EXECUTE FUNCTION public.touch_updated_at();

CREATE TRIGGER lectures_transcript_status BEFORE UPDATE OF transcript_status ON public.lectures FOR EACH ROW EXECUTE FUNCTION public.guard_status('part', 'transcript_status');

CREATE TRIGGER message_feedback_touch BEFORE UPDATE ON public.message_feedback FOR EACH ROW EXECUTE FUNCTION public.touch_updated_at();

CREATE TRIGGER processing_events_webhooks AFTER INSERT ON public.processing_events FOR EACH ROW EXECUTE FUNCTION public.send_event_to_webhooks();

CREATE TRIGGER provider_calls_price BEFORE INSERT OR UPDATE OF usage ON public.provider_calls FOR EACH ROW EXECUTE FUNCTION public.price_call();

CREATE TRIGGER slide_chunks_deleted AFTER DELETE ON public.slide_chunks REFERENCING OLD TABLE AS deleted FOR EACH STATEMENT EXECUTE FUNCTION public.delete_inactive_embeddings();

CREATE TRIGGER webhook_endpoints_touch BEFORE UPDATE ON public.webhook_endpoints FOR EACH ROW EXECUTE FUNCTION public.touch_updated_at();

ALTER TABLE ONLY public.api_keys
    ADD CONSTRAINT api_keys_link_user_id_fkey FOREIGN KEY (link_user_id) REFERENCES public.users(id);

ALTER TABLE ONLY public.chat_branches
    ADD CONSTRAINT chat_branches_session_id_fkey FOREIGN KEY (session_id) REFERENCES public.chat_sessions(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.chat_messages
    ADD CONSTRAINT chat_messages_session_id_fkey FOREIGN KEY (session_id) REFERENCES public.chat_sessions(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.chat_messages
    ADD CONSTRAINT chat_messages_turn_id_fkey FOREIGN KEY (turn_id) REFERENCES public.chat_messages(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.chat_sessions
    ADD CONSTRAINT chat_sessions_course_id_fkey FOREIGN KEY (course_id) REFERENCES public.courses(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.chat_sessions
    ADD CONSTRAINT chat_sessions_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE SET NULL;

ALTER TABLE ONLY public.course_sources
    ADD CONSTRAINT course_sources_course_id_fkey FOREIGN KEY (course_id) REFERENCES public.courses(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.deck_scores
    ADD CONSTRAINT deck_scores_document_id_fkey FOREIGN KEY (document_id) REFERENCES public.documents(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.deck_scores
    ADD CONSTRAINT deck_scores_lecture_id_fkey FOREIGN KEY (lecture_id) REFERENCES public.lectures(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.document_versions
    ADD CONSTRAINT document_versions_document_id_fkey FOREIGN KEY (document_id) REFERENCES public.documents(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.documents
    ADD CONSTRAINT documents_course_id_fkey FOREIGN KEY (course_id) REFERENCES public.courses(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.documents
    ADD CONSTRAINT documents_next_version_id_fkey FOREIGN KEY (next_version_id) REFERENCES public.document_versions(id) ON DELETE SET NULL;

ALTER TABLE ONLY public.documents
    ADD CONSTRAINT documents_owner_id_fkey FOREIGN KEY (owner_id) REFERENCES public.users(id);

ALTER TABLE ONLY public.draft_chunks
    ADD CONSTRAINT draft_chunks_document_id_fkey FOREIGN KEY (document_id) REFERENCES public.documents(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.draft_chunks
    ADD CONSTRAINT draft_chunks_lecture_id_fkey FOREIGN KEY (lecture_id) REFERENCES public.lectures(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.draft_transcripts
    ADD CONSTRAINT draft_transcripts_lecture_id_fkey FOREIGN KEY (lecture_id) REFERENCES public.lectures(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.due_alignments
    ADD CONSTRAINT due_alignments_lecture_id_fkey FOREIGN KEY (lecture_id) REFERENCES public.lectures(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.exam_answers
    ADD CONSTRAINT exam_answers_course_id_fkey FOREIGN KEY (course_id) REFERENCES public.courses(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.exam_questions
    ADD CONSTRAINT exam_questions_course_id_fkey FOREIGN KEY (course_id) REFERENCES public.courses(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.exam_questions
    ADD CONSTRAINT exam_questions_document_id_fkey FOREIGN KEY (document_id) REFERENCES public.documents(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.exam_questions
    ADD CONSTRAINT exam_questions_lecture_id_fkey FOREIGN KEY (lecture_id) REFERENCES public.lectures(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.exam_runs
    ADD CONSTRAINT exam_runs_course_id_fkey FOREIGN KEY (course_id) REFERENCES public.courses(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.exam_turns
    ADD CONSTRAINT exam_turns_course_id_fkey FOREIGN KEY (course_id) REFERENCES public.courses(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.idempotency_keys
    ADD CONSTRAINT idempotency_keys_session_id_fkey FOREIGN KEY (session_id) REFERENCES public.chat_sessions(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.inactive_embeddings
    ADD CONSTRAINT inactive_embeddings_course_id_fkey FOREIGN KEY (course_id) REFERENCES public.courses(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.jobs
    ADD CONSTRAINT jobs_course_id_fkey FOREIGN KEY (course_id) REFERENCES public.courses(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.jobs
    ADD CONSTRAINT jobs_document_id_fkey FOREIGN KEY (document_id) REFERENCES public.documents(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.jobs
    ADD CONSTRAINT jobs_lecture_id_fkey FOREIGN KEY (lecture_id) REFERENCES public.lectures(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.lecture_chunks
    ADD CONSTRAINT lecture_chunks_course_id_fkey FOREIGN KEY (course_id) REFERENCES public.courses(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.lecture_chunks
    ADD CONSTRAINT lecture_chunks_lecture_id_fkey FOREIGN KEY (lecture_id) REFERENCES public.lectures(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.lecture_transcripts
    ADD CONSTRAINT lecture_transcripts_lecture_id_fkey FOREIGN KEY (lecture_id) REFERENCES public.lectures(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.lectures
    ADD CONSTRAINT lectures_course_id_fkey FOREIGN KEY (course_id) REFERENCES public.courses(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.lectures
    ADD CONSTRAINT lectures_owner_id_fkey FOREIGN KEY (owner_id) REFERENCES public.users(id);

ALTER TABLE ONLY public.message_feedback
    ADD CONSTRAINT message_feedback_session_id_fkey FOREIGN KEY (session_id) REFERENCES public.chat_sessions(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.message_feedback
    ADD CONSTRAINT message_feedback_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.page_releases
    ADD CONSTRAINT page_releases_document_id_fkey FOREIGN KEY (document_id) REFERENCES public.documents(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.slide_assignments
    ADD CONSTRAINT slide_assignments_lecture_id_fkey FOREIGN KEY (lecture_id) REFERENCES public.lectures(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.slide_chunks
    ADD CONSTRAINT slide_chunks_course_id_fkey FOREIGN KEY (course_id) REFERENCES public.courses(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.slide_chunks
    ADD CONSTRAINT slide_chunks_document_id_fkey FOREIGN KEY (document_id) REFERENCES public.documents(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.slide_descriptions
    ADD CONSTRAINT slide_descriptions_document_id_fkey FOREIGN KEY (document_id) REFERENCES public.documents(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.slide_spans
    ADD CONSTRAINT slide_spans_document_id_fkey FOREIGN KEY (document_id) REFERENCES public.documents(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.slide_spans
    ADD CONSTRAINT slide_spans_lecture_id_fkey FOREIGN KEY (lecture_id) REFERENCES public.lectures(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.source_recordings
    ADD CONSTRAINT source_recordings_source_id_fkey FOREIGN KEY (source_id) REFERENCES public.course_sources(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.transcript_corrections
    ADD CONSTRAINT transcript_corrections_course_id_fkey FOREIGN KEY (course_id) REFERENCES public.courses(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.transcript_corrections
    ADD CONSTRAINT transcript_corrections_lecture_id_fkey FOREIGN KEY (lecture_id) REFERENCES public.lectures(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.transcript_corrections
    ADD CONSTRAINT transcript_corrections_owner_id_fkey FOREIGN KEY (owner_id) REFERENCES public.users(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.transcript_corrections
    ADD CONSTRAINT transcript_corrections_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE SET NULL;

ALTER TABLE ONLY public.version_descriptions
    ADD CONSTRAINT version_descriptions_version_id_fkey FOREIGN KEY (version_id) REFERENCES public.document_versions(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.webhook_endpoints
    ADD CONSTRAINT webhook_endpoints_course_id_fkey FOREIGN KEY (course_id) REFERENCES public.courses(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.webhook_messages
    ADD CONSTRAINT webhook_messages_endpoint_id_fkey FOREIGN KEY (endpoint_id) REFERENCES public.webhook_endpoints(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.word_count_states
    ADD CONSTRAINT word_count_states_course_id_fkey FOREIGN KEY (course_id) REFERENCES public.courses(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.word_counts
    ADD CONSTRAINT word_counts_course_id_fkey FOREIGN KEY (course_id) REFERENCES public.courses(id) ON DELETE CASCADE;
