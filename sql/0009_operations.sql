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
  created_at   timestamptz not null default now(),
  primary key (key, route)
);
