-- 0001: what every later file stands on: vectors, guarded statuses, and the trail of events.
--
-- pgmq is made ready by the migrator before this file runs: as an extension where the server offers
-- it, from its SQL-only install elsewhere.

create extension if not exists vector;

create function touch_updated_at() returns trigger language plpgsql as $$
begin
  new.updated_at := now();
  return new;
end
$$;

-- The chronological trail of every asset, written in the transaction of the change it tells of.
create table processing_events (
  id         bigint generated always as identity primary key,
  asset_type text not null check (asset_type in ('lecture', 'document', 'course', 'system')),
  asset_id   uuid,
  course_id  uuid,
  event_type text not null,
  payload    jsonb not null default '{}',
  created_at timestamptz not null default now()
);
create index processing_events_asset on processing_events (asset_id, id);
create index processing_events_course on processing_events (course_id, id);

-- The only moves a status can make. Anything else is refused by guard_status below.
create table status_transitions (
  entity      text not null,
  from_status text not null,
  to_status   text not null,
  primary key (entity, from_status, to_status)
);

insert into status_transitions (entity, from_status, to_status) values
  ('lecture_job', 'pending', 'downloading'),
  ('lecture_job', 'pending', 'transcribing'),   -- the sound was uploaded
  ('lecture_job', 'pending', 'embedding'),      -- a stored transcript is used again
  ('lecture_job', 'pending', 'failed'),
  ('lecture_job', 'downloading', 'transcribing'),
  ('lecture_job', 'downloading', 'embedding'),  -- captions were used
  ('lecture_job', 'downloading', 'completed'),  -- no transcription was asked for
  ('lecture_job', 'downloading', 'failed'),
  ('lecture_job', 'transcribing', 'embedding'),
  ('lecture_job', 'transcribing', 'completed'), -- nobody speaks in the recording
  ('lecture_job', 'transcribing', 'failed'),
  ('lecture_job', 'embedding', 'completed'),
  ('lecture_job', 'embedding', 'failed'),
  ('lecture_job', 'failed', 'pending'),         -- only on an explicit retry

  ('document_job', 'pending', 'describing'),
  ('document_job', 'pending', 'embedding'),     -- every page is described already
  ('document_job', 'pending', 'failed'),
  ('document_job', 'describing', 'embedding'),
  ('document_job', 'describing', 'failed'),
  ('document_job', 'embedding', 'completed'),
  ('document_job', 'embedding', 'failed'),
  ('document_job', 'failed', 'pending'),

  ('document', 'uploaded', 'described'),
  ('document', 'uploaded', 'failed'),
  ('document', 'described', 'embedding'),
  ('document', 'described', 'failed'),
  ('document', 'embedding', 'completed'),
  ('document', 'embedding', 'failed'),
  ('document', 'failed', 'uploaded'),
  ('document', 'failed', 'described'),
  ('document', 'completed', 'uploaded'),        -- describe again
  ('document', 'completed', 'described'),       -- embed again

  ('part', 'pending', 'processing'),            -- transcript_status and embed_status of a lecture
  ('part', 'pending', 'completed'),
  ('part', 'pending', 'failed'),
  ('part', 'pending', 'skipped'),
  ('part', 'processing', 'completed'),
  ('part', 'processing', 'failed'),
  ('part', 'processing', 'skipped'),
  ('part', 'failed', 'pending'),
  ('part', 'skipped', 'pending'),
  ('part', 'completed', 'pending');

-- before update of <column>: guard_status(entity, column) raises 23514 on an illegal move.
create function guard_status() returns trigger language plpgsql as $$
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

-- Names the trail's asset: the row's own course when it has one.
create function record_event(asset_type text, asset uuid, course uuid, event_type text, payload jsonb)
returns void language sql as $$
  insert into processing_events (asset_type, asset_id, course_id, event_type, payload)
  values (asset_type, asset, course, event_type, jsonb_strip_nulls(payload));
$$;
