-- 0002: courses and users.

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

-- Required by the product's data model. The server neither reads nor writes it yet.
create table users (
  id           uuid primary key default gen_random_uuid(),
  email        text unique,
  display_name text,
  created_at   timestamptz not null default now()
);
