-- 0002: courses and users.

create table courses (
  id          uuid primary key default gen_random_uuid(),
  name        text not null check (name <> ''),
  description text,
  -- Limits instead of those of the settings:
  -- {"asset" | "course" | "day": {"audio_minutes" | "pages" | "usd": number}}
  budget      jsonb check (jsonb_typeof(budget) = 'object'),
  -- Whether speech to text gets terms of the slides. Null: as in the settings.
  transcription_terms boolean,
  created_at  timestamptz not null default now(),
  updated_at  timestamptz not null default now()
);
create index courses_order on courses (created_at, id);
create trigger courses_touch before update on courses
  for each row execute function touch_updated_at();

-- People with conversations: users of the institution's login, and ids that API clients send.
create table users (
  id           uuid primary key default gen_random_uuid(),
  -- The issuer of the person's tokens, or x-user-id for the header of that name.
  issuer       text not null,
  -- The issuer's permanent name of the person.
  subject      text not null,
  email        text,
  display_name text,
  created_at   timestamptz not null default now(),
  unique (issuer, subject)
);
