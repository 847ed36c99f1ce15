-- 0006: the work queue, on pgmq.
--
-- A message names a job, {"kind": "lecture" | "document", "job_id": …, "request_id"?: …, "traceparent"?: …}; the
-- row in `jobs` is the truth, and the other fields are for people who inspect a queue. (message_id, attempt = read_ct) is the claim token of an
-- attempt: pgmq itself lets a worker with an expired claim extend or archive a message that another
-- worker holds.

select pgmq.create('ingest_high');
select pgmq.create('ingest');
select pgmq.create('ingest_dead');

-- A row here stops all automatic work: jobs, synchronisation, webhooks and the deletion of old data. A restore
-- inserts it, because the installation of the backup can still be running; an operator deletes it.
create table queue_hold (
  only_row boolean primary key default true check (only_row),
  reason   text not null,
  since    timestamptz not null default now()
);

-- The messages of both queues.
create view queued_messages as
  select 'ingest_high' as queue_name, msg_id, read_ct, vt, message from pgmq.q_ingest_high
  union all
  select 'ingest', msg_id, read_ct, vt, message from pgmq.q_ingest;

-- Fair order: workers take the message with the lowest turn first. Messages that another program sent
-- have no turn and are first. Delayed messages are outside this order until they are due, so that a claim
-- need not skip thousands of them during the outage of a provider.
create index q_ingest_high_turn on pgmq.q_ingest_high
  (((headers ->> 'turn')::bigint) nulls first, msg_id) where not coalesce(headers ? 'delayed', false);
create index q_ingest_turn on pgmq.q_ingest
  (((headers ->> 'turn')::bigint) nulls first, msg_id) where not coalesce(headers ? 'delayed', false);
create index q_ingest_high_delayed on pgmq.q_ingest_high (vt) where headers ? 'delayed';
create index q_ingest_delayed on pgmq.q_ingest (vt) where headers ? 'delayed';

-- The turn of a new message, by start-time fair queuing: the turn after the last one of its course, and at
-- least the highest turn that a worker has taken. So the courses of a queue take turns, one job each, and a
-- course that was idle neither waits behind older courses nor catches up.
--
-- The settings keep the plan on the indexes even if it was made while the tables were empty.
create function next_turn(p_queue text, p_course_id uuid) returns bigint language plpgsql
set enable_seqscan = off as $$
begin
  return greatest(
    (select max(j.turn) + 1 from jobs j where j.course_id = p_course_id and j.queue_name = p_queue),
    (select max(j.turn) from jobs j where j.queue_name = p_queue and j.attempt > 0),
    1);
end
$$;

-- An argument of a function that creates or retries jobs: records the HTTP request and the span of its trace for
-- the jobs of this transaction, and returns the id. Arguments are computed before a function runs.
create function requested_by(p_request_id text, p_traceparent text, p_id uuid) returns uuid
language plpgsql as $$
begin
  perform set_config('lectern.request_id', coalesce(p_request_id, ''), true),
          set_config('lectern.traceparent', coalesce(p_traceparent, ''), true);
  return p_id;
end
$$;

-- Sends the message of a job and wakes the workers, in the caller's transaction. All counts restart.
create function enqueue_job(p_job_id uuid) returns void language plpgsql as $$
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

-- Inserts a job and sends its message.
create function create_job(p_kind text, p_asset_id uuid, p_course_id uuid, p_priority text)
returns uuid language plpgsql as $$
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

-- The processes that run workers, on all machines. Each one refreshes its row while it runs.
create table worker_processes (
  id         uuid primary key,
  -- The name of the process in logs and metrics.
  instance   text not null,
  -- How many workers it should have, and how many are running.
  wanted     integer not null,
  alive      integer not null,
  started_at timestamptz not null default now(),
  seen_at    timestamptz not null default now()
);

-- Is this message still in its queue?
create function is_queued(p_queue text, p_message_id bigint) returns boolean language plpgsql as $$
begin
  return exists (select from queued_messages where queue_name = p_queue and msg_id = p_message_id);
end
$$;

-- Locks a message until the transaction ends and returns its body; null when it is not in its queue,
-- or when it was read again after this attempt. Without an attempt any holder matches.
create function lock_message(p_queue text, p_message_id bigint, p_attempt integer default null)
returns jsonb language plpgsql as $$
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

-- Copies a message to the dead letters and takes the original off its queue.
create function dead_letter_message(p_queue text, p_message_id bigint, p_body jsonb, p_code text,
                                    p_reason text)
returns void language plpgsql as $$
begin
  perform pgmq.send('ingest_dead', p_body, jsonb_build_object(
    'queue', p_queue, 'message_id', p_message_id, 'code', p_code, 'reason', p_reason));
  perform pgmq.archive(p_queue, p_message_id);
end
$$;

create type claimed_job as (
  queue_name    text,
  message_id    bigint,
  attempt       integer,
  kind          text,
  job_id        uuid,
  asset_id      uuid,
  errors        integer,
  crashes       integer,
  interruptions integer,
  quarantined   boolean,
  course_id     uuid,
  request_id    text,
  traceparent   text,
  -- The process that ended during the last attempt without a report; null if there was none.
  taken_over_from text
);

-- Starts an attempt for the reader of a message. Null when the job is finished or gone, and for a
-- duplicate message while the job's own message is still queued: a job has one holder at a time.
--
-- An attempt that is still marked as running has ended without a report. If its process has ended and the
-- attempt made no progress, it is an interruption. It is also a crash if no other job ran in that process;
-- but a job in quarantine is only charged by record_crash(), because its process also ends with its parent.
create function start_attempt(p_job_id uuid, p_queue text, p_message_id bigint, p_attempt integer,
                              p_process_id uuid)
returns claimed_job language plpgsql as $$
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

-- Gives due messages their place back, reads the message with the lowest turn, and hides it from other
-- readers. pgmq.read() would take the oldest one.
create function read_next_message(p_queue text, p_visibility_seconds integer)
returns table (message_id bigint, attempt integer, body jsonb) language plpgsql
set enable_seqscan = off set enable_bitmapscan = off set enable_sort = off as $$
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

-- Claims the next job of the first queue that has one; no row when all are empty. On the way it archives
-- messages of finished jobs and dead-letters messages that name no job, so that neither blocks a queue.
-- p_process_id names the worker process; null for a caller that can end without a crash.
create function claim_job(p_queues text[], p_visibility_seconds integer, p_process_id uuid)
returns setof claimed_job language plpgsql as $$
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
$$;

-- Ends all running claims, so that the jobs start at once. Only for a caller that knows that no worker is
-- alive. Jobs that wait for their next attempt keep waiting. A job in quarantine waits up to a minute: it
-- can be the reason why the process ended, and the others get their chance first.
create function release_all_claims() returns void language plpgsql as $$
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

-- Hides a claimed message for the given seconds from now; false when the attempt no longer holds it.
create function extend_claim(p_queue text, p_message_id bigint, p_attempt integer, p_seconds numeric)
returns boolean language plpgsql as $$
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

-- Takes a message out of the fair order until it is due.
create function mark_delayed(p_queue text, p_message_id bigint) returns void language plpgsql as $$
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

-- Gives a claimed job back for a later attempt. With a code the attempt counts as an error; without one
-- (shutdown of the worker) it does not. p_waiting_for is the provider that caused the error, if any.
create function postpone_job(p_job_id uuid, p_queue text, p_message_id bigint, p_attempt integer,
                             p_delay_seconds numeric, p_code text, p_reason text, p_waiting_for text)
returns boolean language plpgsql as $$
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

-- Ends a claimed job and its message in one transaction; false when the attempt no longer holds it.
-- A completed job can have a reason too, such as why it has no transcript.
create function finish_job(p_job_id uuid, p_queue text, p_message_id bigint, p_attempt integer,
                           p_state text, p_code text, p_reason text)
returns boolean language plpgsql as $$
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

-- Records that the process of a claimed job crashed while its supervisor watched. The job fails at the
-- third crash, if that happened in quarantine; otherwise it is due again at once. A crash after progress
-- does not count. Null when the attempt no longer holds the job, else whether the job failed.
create function record_crash(p_job_id uuid, p_queue text, p_message_id bigint, p_attempt integer,
                             p_in_quarantine boolean, p_cause text)
returns boolean language plpgsql as $$
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

-- Every change of an asset takes its locks in one order: message, job, asset. Requests also take a lock
-- on the asset's id first, so that no request sees another one half done. Without this order a deletion
-- and a worker that finishes at the same time would deadlock.

-- Lets one request at a time change an asset. Workers do not need it: they have their claim tokens.
create function lock_asset(p_asset_id uuid) returns void language sql as $$
  select pg_advisory_xact_lock(hashtextextended(p_asset_id::text, 0));
$$;

-- Fails the unfinished job of an asset; the next write of its worker finds no claim. False when there
-- is no unfinished job.
create function stop_job(p_asset_id uuid, p_code text, p_reason text) returns boolean
language plpgsql as $$
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

-- Makes a waiting job the next one: ends its delay and moves it to the front of the urgent queue. Returns
-- the job; null when no job of the asset waits.
create function hurry_job(p_asset_id uuid) returns uuid language plpgsql as $$
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

-- Sends a new message for every unfinished job without one, so that no accepted work is lost. Returns
-- the number of such jobs.
create function requeue_lost_jobs() returns integer language plpgsql as $$
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

-- Makes jobs due that would wait for a time that the clock of the database showed before it was set back. A claim
-- cannot last longer than p_visibility_seconds, and no job can have been changed in the future. Returns the number
-- of jobs.
create function correct_future_times(p_visibility_seconds integer) returns integer language plpgsql as $$
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
