-- 0017: sources of recordings: a Panopto folder, its podcast feed, or a list of addresses.

create table course_sources (
  id             uuid primary key default gen_random_uuid(),
  course_id      uuid not null references courses on delete cascade,
  kind           text not null check (kind in ('folder', 'feed', 'list')),
  -- The canonical address; of a list a name that is made of its recordings.
  url            text not null,
  title          text,
  -- Of the lectures that are imported.
  transcription  boolean not null default true,
  -- Students see the imported lectures from then on; null: at once.
  visible_from   timestamptz,
  -- Null: only when it is requested.
  sync_every_hours integer check (sync_every_hours > 0),
  error_code     text,
  error_message  text,
  last_synced_at timestamptz,
  -- Null: no synchronisation is planned.
  next_sync_at   timestamptz default now(),
  -- The process that synchronises the source.
  claim          uuid,
  claimed_until  timestamptz,
  created_at     timestamptz not null default now(),
  updated_at     timestamptz not null default now(),
  unique (course_id, url)
);
create index course_sources_due on course_sources (next_sync_at) where next_sync_at is not null;
create trigger course_sources_touch before update on course_sources
  for each row execute function touch_updated_at();

create table source_recordings (
  source_id     uuid not null references course_sources on delete cascade,
  session_id    text not null,
  url           text not null,
  title         text,
  duration_ms   bigint,
  recorded_at   timestamptz,
  -- No foreign key: a lecture that was imported and deleted is not imported again.
  lecture_id    uuid,
  error_code    text,
  error_message text,
  found_at      timestamptz not null default now(),
  primary key (source_id, session_id)
);
