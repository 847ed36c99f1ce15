-- 0005: the work queue, on pgmq.
--
-- A message points at a job, {"kind": "lecture" | "document", "job_id": …}; the job's row is the truth.
-- (message_id, attempt = read_ct) is the fencing token of whoever works on a job: pgmq itself lets a
-- worker whose time ran out extend or archive a message that another worker holds by now.

select pgmq.create('ingest_high');
select pgmq.create('ingest');
select pgmq.create('ingest_dead');

create function job_table(kind text) returns text language sql immutable as $$
  select case kind when 'lecture' then 'lecture_download_jobs' when 'document' then 'document_jobs' end
$$;

-- Sends a job's message and wakes the workers, in the transaction that made the job.
create function enqueue_job(kind text, job uuid, priority text) returns void language plpgsql as $$
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
$$;

-- Is this message still in its queue?
create function message_waits(queue text, message bigint) returns boolean language plpgsql as $$
declare
  waits boolean;
begin
  if queue is null or message is null then return false; end if;
  execute format('select exists (select from pgmq.%I where msg_id = $1)', 'q_' || queue)
    into waits using message;
  return waits;
end
$$;

-- Puts a copy where people look for what was given up, and takes the original off its queue.
create function bury_message(queue text, message bigint, body jsonb, code text, reason text)
returns void language plpgsql as $$
begin
  perform pgmq.send('ingest_dead', body, jsonb_build_object(
    'queue', queue, 'message_id', message, 'code', code, 'reason', reason));
  perform pgmq.archive(queue, message);
end
$$;

-- Claims the next job of the first queue that has one. Messages whose job is finished or gone are
-- archived on the way, and messages that name no job are buried: neither can block a queue.
create function claim_job(queues text[], visibility_seconds integer)
returns table (queue_name text, message_id bigint, attempt integer, kind text, job_id uuid,
               asset_id uuid, errors integer, handed_back integer, sent_at timestamptz)
language plpgsql as $$
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
$$;

-- Ends every claim, for whoever knows that no worker is alive. A job that waits out a pause has said so
-- in its log, and goes on waiting.
create function free_claims() returns void language plpgsql as $$
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
$$;

-- Keeps a claim for another while; false when somebody else holds the message or it is gone.
create function extend_claim(queue text, message bigint, attempt integer, visibility_seconds numeric)
returns boolean language plpgsql as $$
declare
  held bigint;
begin
  execute format('update pgmq.%I set vt = clock_timestamp() + make_interval(secs => $3)
                  where msg_id = $1 and read_ct = $2 returning msg_id', 'q_' || queue)
    into held using message, attempt, visibility_seconds;
  return held is not null;
end
$$;

-- Hands a claimed job back for a later attempt.
-- outcome: 'error' counts against the job's attempts, 'wait' and 'handed_back' do not.
create function postpone_job(kind text, job uuid, queue text, message bigint, attempt integer,
                             delay_seconds numeric, outcome text, code text, reason text)
returns boolean language plpgsql as $$
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
$$;

-- Ends a claimed job: its last state and the end of its message are one transaction.
-- A completed job may carry a reason too, such as why it has no transcript.
create function finish_job(kind text, job uuid, queue text, message bigint, attempt integer,
                           state text, code text, reason text)
returns boolean language plpgsql as $$
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
$$;

-- Whoever changes an asset takes its locks in one order: message, job, asset. Requests first take a turn
-- of their own, so that two of them never see each other half done. Without the order a deletion and the
-- worker that finishes just then would wait for each other until PostgreSQL ends one of them.

-- Lets one request at a time change an asset; workers are told apart by their fencing token.
create function lock_asset(asset uuid) returns void language sql as $$
  select pg_advisory_xact_lock(hashtextextended(asset::text, 0));
$$;

-- Stops a job that is not finished, whoever works on it: the holder's next fenced write finds nothing.
create function stop_job(kind text, asset uuid, code text, reason text) returns integer
language plpgsql as $$
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
$$;

-- Unfinished jobs whose message is gone get a new one: nothing that was accepted stays behind.
create function requeue_lost_jobs() returns integer language plpgsql as $$
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
