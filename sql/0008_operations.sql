-- 0008: what operators ask about: keys, bundles served, calls paid for, requests repeated.

create table api_keys (
  id              uuid primary key default gen_random_uuid(),
  name            text not null,
  key_id          text not null unique,
  -- SHA-256 of a secret with 256 random bits: nothing slower is needed to keep it.
  hashed_key      text not null,
  scopes          text[] not null
                  check (scopes <@ array['read', 'ingest', 'chat', 'admin'] and scopes <> '{}'),
  course_ids      uuid[],
  rate_per_minute integer check (rate_per_minute > 0),
  expires_at      timestamptz,
  revoked_at      timestamptz,
  last_used_at    timestamptz,
  created_at      timestamptz not null default now()
);

create table agui_assets (
  id             serial primary key,
  bundle_version text not null,
  checksum       text not null unique,
  served_at      timestamptz not null default now()
);

-- One row per billable unit: a stored result is never bought twice, and an asset's cost can be read.
create table provider_calls (
  id         bigint generated always as identity primary key,
  -- What was bought, such as document:<id>:page:7:describe; unique among the calls that succeeded.
  call_key   text not null,
  asset_type text check (asset_type in ('lecture', 'document')),
  asset_id   uuid,
  purpose    text not null,
  provider   text not null,
  model      text,
  usage      jsonb not null default '{}',
  outcome    text not null check (outcome in ('ok', 'error')),
  error_code text,
  created_at timestamptz not null default now()
);
create unique index provider_calls_bought on provider_calls (call_key) where outcome = 'ok';
create index provider_calls_asset on provider_calls (asset_id);

-- Answers of creating requests, by the key their caller chose. Rows go after a day.
create table idempotency_keys (
  key          text not null,
  route        text not null,
  request_hash text not null,
  -- Null while the first request is still being answered.
  status       integer,
  body         jsonb,
  created_at   timestamptz not null default now(),
  primary key (key, route)
);
