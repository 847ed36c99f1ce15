-- 0001: shared by all later files: vectors, guarded statuses, and the log of events.
--
-- The migrator installs pgmq before this file runs: as an extension where the server offers it, from
-- the SQL of its npm package elsewhere.

create extension if not exists vector;

create function touch_updated_at() returns trigger language plpgsql as $$
begin
  new.updated_at := now();
  return new;
end
$$;

-- The history of every asset in chronological order. An event is written in the transaction of the
-- change that it records.
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

-- All legal moves of a status. guard_status below refuses every other move.
create table status_transitions (
  entity      text not null,
  from_status text not null,
  to_status   text not null,
  primary key (entity, from_status, to_status)
);

insert into status_transitions (entity, from_status, to_status) values
  ('lecture_job', 'pending', 'downloading'),
  ('lecture_job', 'pending', 'transcribing'),   -- the audio was uploaded
  ('lecture_job', 'pending', 'embedding'),      -- a stored transcript is reused
  ('lecture_job', 'pending', 'failed'),
  ('lecture_job', 'downloading', 'transcribing'),
  ('lecture_job', 'downloading', 'embedding'),  -- captions were used
  ('lecture_job', 'downloading', 'completed'),  -- no transcription was requested
  ('lecture_job', 'downloading', 'failed'),
  ('lecture_job', 'transcribing', 'embedding'),
  ('lecture_job', 'transcribing', 'completed'), -- the recording contains no speech
  ('lecture_job', 'transcribing', 'failed'),
  ('lecture_job', 'embedding', 'completed'),
  ('lecture_job', 'embedding', 'failed'),
  ('lecture_job', 'failed', 'pending'),         -- only by an explicit retry

  ('document_job', 'pending', 'describing'),
  ('document_job', 'pending', 'embedding'),     -- all pages are described already
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

create function record_event(p_asset_type text, p_asset_id uuid, p_course_id uuid, p_event_type text,
                             p_payload jsonb)
returns void language sql as $$
  insert into processing_events (asset_type, asset_id, course_id, event_type, payload)
  values (p_asset_type, p_asset_id, p_course_id, p_event_type, jsonb_strip_nulls(p_payload));
$$;

-- Drops the accents of Latin, Greek and Cyrillic letters.
create function without_accents(p_config regconfig, p_text text) returns text
language sql immutable strict parallel safe as $$
  select case when p_config = 'pg_catalog.german'::regconfig
              then replace(replace(replace(plain, 'ae', 'a'), 'oe', 'o'), 'ue', 'u') else plain end
  from (
    select translate(replace(replace(replace(letters, 'ß', 'ss'), 'æ', 'ae'), 'œ', 'oe'), 'øłđı', 'oldi')
    from (
      select normalize(regexp_replace(normalize(p_text, NFD), '[\u0300-\u036f]+', '', 'g'), NFC)
    ) base (letters)
  ) folded (plain)
$$;

-- The lexemes of a text for full-text search. Stems first, because stemmers and stop words need accents;
-- then accents are dropped, so that "cafe" and "café" are one lexeme. In German "ue" is another
-- spelling of "ü". Chunks and questions use the same function.
create function search_vector(p_config regconfig, p_text text) returns tsvector
language sql immutable strict parallel safe as $$
  select case
    when octet_length(p_text) = length(p_text) and p_config <> 'pg_catalog.german'::regconfig
      then to_tsvector(p_config, p_text)
    else without_accents(p_config, to_tsvector(p_config, p_text)::text)::tsvector
  end
$$;

-- The lexemes of a chunk without the position of a lexeme that occurs once: ts_rank counts a lexeme without positions
-- once, so the scores are the same, and a stored vector takes a third less (docs/decisions/0070). A lexeme of the context
-- keeps its position, because concatenating both vectors would forget it.
create function compact_vector(p_vector tsvector, p_context tsvector) returns tsvector
language sql immutable parallel safe as $$
  select strip(ts_delete(p_vector, positioned)) || ts_delete(p_vector, single)
  from (
    select coalesce(array_agg(lexeme) filter (where is_positioned), '{}') as positioned,
           coalesce(array_agg(lexeme) filter (where not is_positioned), '{}') as single
    from (
      select lexeme,
             cardinality(positions) > 1 or lexeme = any(tsvector_to_array(p_context)) is true as is_positioned
      from unnest(p_vector)
    ) word
  ) words
$$;

-- The signs of the first 1 024 dimensions of a vector. The number of different bits orders vectors nearly as the cosine
-- distance does, and takes a twentieth of the memory (docs/decisions/0069).
create function bits_of(p_vector halfvec) returns bit(1024) language sql immutable strict parallel safe as $$
  select binary_quantize(subvector(p_vector, 1, 1024))::bit(1024)
$$;
