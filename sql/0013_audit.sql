-- 0013: the audit: who changed access, deleted, exported or was refused. It is not part of processing_events.

create table audit_events (
  id         uuid primary key default gen_random_uuid(),
  event_type text not null,
  -- The sender: the public part of a key, the id of a user, or for refused requests without both the address.
  key_id     text,
  user_id    uuid,
  address    text,
  -- The route's pattern, without ids.
  route      text,
  request_id text,
  -- No foreign keys: events remain after a course or a user is deleted.
  course_id  uuid,
  -- The id of the key, asset, conversation or user that the event is about.
  target     text,
  details    jsonb not null default '{}',
  -- Number of refused requests that this row counts.
  count      integer not null default 1 check (count > 0),
  created_at timestamptz not null default now()
);
create index audit_events_newest on audit_events (created_at desc, id desc);
-- One row for each sender, reason and minute, so that a flood of refused requests cannot fill the table.
create unique index audit_events_denials
  on audit_events (created_at, key_id, user_id, address, (details ->> 'code')) nulls not distinct
  where event_type = 'auth.denied';
