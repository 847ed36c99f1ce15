-- 0014: webhooks: events that are sent to addresses of the institution.
--
-- A message is written in the transaction of its event, once for each endpoint, and sent later. So no event
-- is lost in a crash, and a message that waits is found however late its transaction commits.

create table webhook_endpoints (
  id                  uuid primary key default gen_random_uuid(),
  -- Null: all courses.
  course_id           uuid references courses on delete cascade,
  url                 text not null check (url ~ '^https?://'),
  description         text,
  -- Null: all types.
  event_types         text[] check (event_types <> '{}'),
  -- In plain text, because it signs: whsec_ and base64.
  secret              text not null,
  -- After a rotation both secrets sign until this time.
  former_secret       text,
  former_secret_until timestamptz,
  enabled             boolean not null default true,
  -- Why the server disabled the endpoint; null if an administrator did.
  disabled_reason     text,
  -- The sequence of the newest message that was sent.
  last_sequence       bigint not null default 0,
  -- Failed attempts since the last acknowledgement.
  failures            integer not null default 0,
  failing_since       timestamptz,
  last_error          text,
  next_attempt_at     timestamptz not null default now(),
  -- The sender that works for this endpoint. Only one does, so messages are sent in order.
  claim               uuid,
  claimed_until       timestamptz,
  created_at          timestamptz not null default now(),
  updated_at          timestamptz not null default now()
);
create index webhook_endpoints_course on webhook_endpoints (course_id);
create trigger webhook_endpoints_touch before update on webhook_endpoints
  for each row execute function touch_updated_at();

create table webhook_messages (
  id              bigint generated always as identity primary key,
  endpoint_id     uuid not null references webhook_endpoints on delete cascade,
  -- The same in every attempt and for every endpoint.
  message_id      uuid not null,
  -- The position in the order of sending, from 1 without gaps. Set before the first attempt.
  sequence        bigint,
  event_type      text not null,
  course_id       uuid,
  asset_id        uuid,
  -- Ids, states and reasons only. No text of the material and no question.
  data            jsonb not null,
  attempts        integer not null default 0,
  acknowledged_at timestamptz,
  created_at      timestamptz not null default now(),
  unique (endpoint_id, sequence)
);
create index webhook_messages_waiting on webhook_messages (endpoint_id, sequence, id)
  where acknowledged_at is null;
create index webhook_messages_age on webhook_messages (created_at);

-- Writes a message for every endpoint that wants the event. Disabled endpoints collect messages too, so
-- that they miss nothing when they are enabled again. The locks keep the endpoints from being deleted
-- before the messages are committed.
create function queue_webhook_message(p_course_id uuid, p_asset_id uuid, p_event_type text, p_data jsonb)
returns void language sql as $$
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

-- Whether an asset is personal material. False for an asset that no longer exists.
create function is_personal(p_asset_id uuid) returns boolean language sql stable as $$
  select exists (select from lectures where id = p_asset_id and owner_id is not null)
      or exists (select from documents where id = p_asset_id and owner_id is not null)
$$;

-- The public type of a processing event; null for events that are not sent.
create function webhook_event_type(p_asset_type text, p_event_type text, p_payload jsonb)
returns text language sql immutable as $$
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

create function send_event_to_webhooks() returns trigger language plpgsql as $$
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
create trigger processing_events_webhooks after insert on processing_events
  for each row execute function send_event_to_webhooks();

create type webhook_attempt as (
  endpoint_id  uuid,
  claim        uuid,
  url          text,
  secrets      text[],
  -- The failed attempts before this one.
  failures     integer,
  delivery_id  bigint,
  message_id   uuid,
  sequence     bigint,
  event_type   text,
  course_id    uuid,
  data         jsonb,
  -- Of question.unanswered, while the conversation exists.
  question     text,
  occurred_at  timestamptz
);

-- The oldest waiting message of an endpoint whose row the caller has locked; all null without one. Messages about
-- material that is personal now are dropped.
create function take_webhook_message(p_endpoint_id uuid, p_now timestamptz) returns webhook_attempt
language plpgsql as $$
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

-- Claims one endpoint with a waiting message for one sender, and returns the message; no row when nothing is due.
create function claim_webhook(p_now timestamptz, p_lease_seconds integer)
returns setof webhook_attempt language plpgsql as $$
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

-- Records that an endpoint acknowledged a message. Returns the next message while the claim holds and
-- p_more is true; else ends the claim.
create function acknowledge_webhook(
  p_endpoint_id uuid, p_claim uuid, p_delivery_id bigint, p_now timestamptz, p_lease_seconds integer,
  p_more boolean
) returns setof webhook_attempt language plpgsql as $$
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

-- Records a failed attempt, and disables an endpoint that has failed for too long. True if it is disabled now.
create function postpone_webhook(
  p_endpoint_id uuid, p_claim uuid, p_now timestamptz, p_error text, p_retry_seconds double precision,
  p_disable_after_seconds double precision
) returns boolean language plpgsql as $$
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
