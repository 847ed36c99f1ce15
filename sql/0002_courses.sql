-- 0002: courses, and the people whose names a trusted front end vouches for.

create table courses (
  id          uuid primary key default gen_random_uuid(),
  name        text not null check (name <> ''),
  description text,
  created_at  timestamptz not null default now(),
  updated_at  timestamptz not null default now()
);
create index courses_order on courses (created_at, id);
create trigger courses_touch before update on courses
  for each row execute function touch_updated_at();

-- Kept for attribution only: access never depends on a row here.
create table users (
  id           uuid primary key default gen_random_uuid(),
  email        text unique,
  display_name text,
  created_at   timestamptz not null default now()
);
