-- 0009: API keys, versions of the page, and repeated requests.

create table api_keys (
  id              uuid primary key default gen_random_uuid(),
  name            text not null,
  -- The public part of the key.
  key_id          text not null unique,
  -- SHA-256 is enough, because the secret has 256 random bits.
  hashed_key      text not null,
  scopes          text[] not null
                  check (scopes <@ array['read', 'ingest', 'chat', 'admin'] and scopes <> '{}'),
  -- Null: all courses. An admin key has no limit, because it can create keys without one.
  course_ids      uuid[]
                  check (course_ids is null or (course_ids <> '{}' and not 'admin' = any(scopes))),
  rate_per_minute integer check (rate_per_minute > 0),
  expires_at      timestamptz,
  -- Only of share links: the user who owns the conversations of the link.
  link_user_id    uuid references users,
  revoked_at      timestamptz,
  last_used_at    timestamptz,
  created_at      timestamptz not null default now()
);

-- One row: signs addresses that open without a header. Two random UUIDs have 244 random bits.
create table signing_secret (
  only_row boolean primary key default true check (only_row),
  secret   bytea not null
           default sha256(convert_to(gen_random_uuid()::text || gen_random_uuid()::text, 'UTF8'))
);
insert into signing_secret default values;

create table agui_assets (
  id             serial primary key,
  bundle_version text not null,
  checksum       text not null unique,
  served_at      timestamptz not null default now()
);

-- Responses of creating requests, by the client's Idempotency-Key. Maintenance removes rows after a day.
create table idempotency_keys (
  key          text not null,
  route        text not null,
  request_hash text not null,
  -- Null until the first request has a response.
  status       integer,
  body         jsonb,
  -- The conversation that the response quotes: both are deleted together.
  session_id   uuid references chat_sessions on delete cascade,
  created_at   timestamptz not null default now(),
  primary key (key, route)
);
create index idempotency_keys_session_idx on idempotency_keys (session_id) where session_id is not null;

-- Backups that this installation has made or tried to make.
create table backups (
  id            uuid primary key default gen_random_uuid(),
  -- The folder or bucket.
  place         text not null,
  started_at    timestamptz not null default now(),
  -- The process that makes it refreshes this time; silence means that the process has ended.
  seen_at       timestamptz not null default now(),
  finished_at   timestamptz,
  archive       text,
  size_bytes    bigint,
  rows          bigint,
  files         integer,
  missing       integer,
  changed       integer,
  error_code    text,
  error_message text,
  check ((error_code is null) = (error_message is null))
);
create index backups_order on backups (started_at desc);

-- Starts a backup in the whole installation; null while another one runs, and with p_every_seconds also when
-- the last one is younger. A failed one is tried again within an hour.
create function claim_backup(p_place text, p_every_seconds double precision) returns uuid language plpgsql as $$
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
