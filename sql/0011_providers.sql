-- 0011: calls to providers that cost money: receipts, circuit breakers, and limits of concurrency.
--
-- A row is inserted before each billable request and closed after it. So the rows of a provider are the
-- calls that it can bill, also after a crash. `started` rows are the calls under way in the whole fleet.

create table provider_calls (
  -- The caller chooses the id, so that a repeated statement inserts no second row.
  id          uuid primary key,
  -- The work that is paid for, such as document:<id>:page:7:describe.
  call_key    text not null,
  purpose     text not null,
  provider    text not null,
  model       text,
  asset_type  text check (asset_type in ('lecture', 'document')),
  asset_id    uuid,
  course_id   uuid,
  -- The attempt that made the call; null outside a job.
  job_id      uuid,
  message_id  bigint,
  attempt     integer,
  -- lost: the caller ended before the answer. The provider can have billed the call.
  state       text not null default 'started' check (state in ('started', 'ok', 'error', 'lost')),
  -- The provider's id of work that it does asynchronously. A later attempt polls it.
  request_id  text,
  -- The billed units: audio_seconds, pages, tokens, … While the call is under way, and when it is lost,
  -- an estimate.
  usage       jsonb not null default '{}',
  -- The terms of slides that a transcription was primed with.
  terms       text[] not null default '{}',
  -- By the prices at the time of the call; null when the model has no price.
  cost_usd    numeric,
  -- A server without a key costs nothing, so its calls count for no budget.
  is_free     boolean not null default false,
  error_code  text,
  created_at  timestamptz not null default now(),
  finished_at timestamptz,
  check ((state = 'started') = (finished_at is null))
);
create index provider_calls_asset on provider_calls (asset_id, created_at);
create index provider_calls_course on provider_calls (course_id, created_at);
create index provider_calls_time on provider_calls (created_at);
create index provider_calls_started on provider_calls (provider) where state = 'started';
create index provider_calls_job on provider_calls (job_id, call_key);

-- The circuit breaker of each provider, shared by all processes.
create table provider_states (
  provider     text primary key,
  -- Consecutive calls that failed for a reason that passes, such as 503.
  failures     integer not null default 0,
  -- Null: closed. In the future: open, so no call is made. In the past: half-open, so the next call is
  -- the probe.
  open_until   timestamptz,
  opened_at    timestamptz,
  reason       text,
  succeeded_at timestamptz
);

create function lock_provider(p_provider text) returns provider_states language plpgsql as $$
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

-- Asks to make a billable call, and inserts its row if the verdict is `go`. Verdicts:
--   go       the call can be made
--   resume   an earlier attempt submitted this work to the provider: poll `request_id`
--   open     the provider's circuit breaker is open for `wait_seconds`
--   busy     as many calls as allowed are under way
--   budget   the call would exceed the limit in `exceeded`
--   lost     the attempt no longer holds its job
--
-- p_course_id: the course of a call outside a job; its cost counts for the budgets of the course.
create function begin_call(
  p_id uuid, p_job_id uuid, p_course_id uuid, p_message_id bigint, p_attempt integer, p_call_key text, p_purpose text,
  p_provider text, p_model text, p_usage jsonb, p_terms text[], p_is_free boolean, p_budget jsonb,
  p_max_concurrent integer, p_probe_seconds numeric,
  out verdict text, out call_id uuid, out request_id text, out wait_seconds numeric,
  out exceeded jsonb
) language plpgsql as $$
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
$$;

-- Makes jobs due that wait for a provider.
create function wake_waiting_jobs(p_provider text) returns integer language plpgsql as $$
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

-- Asks to make a call that no provider bills, such as a request to a recording site. 0: it can be made, and
-- is the probe if the breaker is half-open. Else the seconds until the next probe.
create function begin_unbilled_call(p_provider text, p_probe_seconds numeric) returns numeric
language plpgsql as $$
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

-- Counts the end of a call for the circuit breaker: p_outcome is ok, error (the provider answered) or outage
-- (a reason that passes). Any other end, such as our own stop, says nothing about the provider.
create function report_to_breaker(
  p_provider text, p_outcome text, p_reason text, p_wait_seconds numeric, p_max_failures integer,
  p_probe_seconds numeric
) returns void language plpgsql as $$
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

-- Closes a call, and counts it for the circuit breaker: p_outcome is ok, error (the provider answered),
-- outage (a reason that passes) or lost (we stopped waiting). A call that was closed as lost is
-- corrected. Returns how often this job paid for an unusable answer to the same work.
create function finish_call(
  p_id uuid, p_outcome text, p_usage jsonb, p_error_code text, p_reason text, p_is_unusable boolean,
  p_wait_seconds numeric, p_max_failures integer, p_probe_seconds numeric
) returns integer language plpgsql as $$
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

-- Gives a claimed job back because of something that is not its fault; the attempt does not count.
-- While the breaker of p_provider is open, each waiting job gets its own turn to probe.
--
-- A failure of a provider counts (p_counts) only when that provider answered another call since this job
-- last failed: then the cause is the job, not an outage. Results: held, counted, lost.
create function defer_job(p_job_id uuid, p_queue text, p_message_id bigint, p_attempt integer,
                          p_delay_seconds numeric, p_code text, p_reason text, p_provider text,
                          p_is_failure boolean, p_probe_seconds numeric)
returns text language plpgsql as $$
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

-- Closes the calls of attempts that no longer hold their job, and wakes jobs that wait for a provider
-- whose breaker is closed. Returns the number of closed calls.
create function close_lost_calls() returns integer language plpgsql as $$
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

-- Prices in USD: `usd` for `per` units of a usage, such as 0.40 for 3600 audio_seconds. These are list
-- prices; correct them with your own by UPDATE and INSERT. A model without a row costs nothing here.
create table provider_prices (
  provider text not null,
  -- `*` is for all models of the provider without rows of their own.
  model    text not null,
  unit     text not null,
  usd      numeric not null check (usd >= 0),
  per      numeric not null default 1 check (per > 0),
  primary key (provider, model, unit)
);
insert into provider_prices (provider, model, unit, usd, per) values
  ('elevenlabs', '*', 'audio_seconds', 0.40, 3600),
  -- The surcharge for key terms.
  ('elevenlabs', '*', 'primed_audio_seconds', 0.08, 3600),
  ('openai', 'whisper-1', 'audio_seconds', 0.006, 60),
  ('openai', 'gpt-4o-transcribe', 'audio_seconds', 0.006, 60),
  ('openai', 'gpt-4o-mini-transcribe', 'audio_seconds', 0.003, 60),
  ('openai', 'text-embedding-3-small', 'tokens', 0.02, 1000000),
  ('openai', 'text-embedding-3-large', 'tokens', 0.13, 1000000),
  ('openai', 'gpt-5.4-mini', 'input_tokens', 0.75, 1000000),
  ('openai', 'gpt-5.4-mini', 'output_tokens', 4.50, 1000000),
  ('reranker', 'rerank-v3.5', 'search_units', 2.00, 1000),
  ('google', 'gemini-embedding-001', 'tokens', 0.15, 1000000),
  ('google', 'gemini-flash-latest', 'input_tokens', 0.30, 1000000),
  ('google', 'gemini-flash-latest', 'output_tokens', 2.50, 1000000);

create function call_cost(p_provider text, p_model text, p_usage jsonb) returns numeric
language sql stable as $$
  select sum(p.usd / p.per * (p_usage ->> p.unit)::numeric) from provider_prices p
  where p.provider = p_provider and p_usage ? p.unit
    and p.model = coalesce(
      (select own.model from provider_prices own
       where own.provider = p_provider and own.model = p_model limit 1), '*');
$$;

-- Sets the price of each call, for every writer.
create function price_call() returns trigger language plpgsql as $$
begin
  new.cost_usd := case when new.is_free then 0
                       else call_cost(new.provider, new.model, new.usage) end;
  return new;
end
$$;
create trigger provider_calls_price before insert or update of usage on provider_calls
  for each row execute function price_call();

-- The first limit that a usage would exceed: {scope, unit, limit, used, needed}; null when none would.
-- p_budget are the limits of the settings; those of the course replace them one by one. A limit of the
-- day in the settings is for the whole installation, that of a course for this course.
create function exceeded_budget(p_course_id uuid, p_asset_id uuid, p_usage jsonb, p_cost numeric,
                                p_budget jsonb)
returns jsonb language plpgsql stable as $$
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

-- Pauses a claimed job; false when the attempt no longer holds it.
create function pause_job(p_job_id uuid, p_queue text, p_message_id bigint, p_attempt integer,
                          p_code text, p_reason text, p_until timestamptz)
returns boolean language plpgsql as $$
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

-- Resumes the paused job of an asset and returns its id; null when it is not paused.
create function resume_job(p_asset_id uuid, p_ignores_budget boolean) returns uuid
language plpgsql as $$
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

-- The status of an asset as users see it: `paused`, or its own.
create function shown_status(p_status text, p_job_id uuid) returns text language sql stable as $$
  select case when exists (select from jobs where id = p_job_id and paused_at is not null)
         then 'paused' else p_status end;
$$;

-- Why an asset is paused, or its own reason.
create function shown_reason(p_reason text, p_job_id uuid) returns text language sql stable as $$
  select coalesce((select error_message from jobs where id = p_job_id and paused_at is not null),
                  p_reason);
$$;

-- Resumes the jobs that were paused by a limit of an earlier day; returns their number.
create function resume_due_jobs() returns integer language sql as $$
  select count(resume_job(j.asset_id, false))::integer from jobs j where j.paused_until <= now();
$$;
