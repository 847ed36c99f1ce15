-- 0007: conversations. The server owns a thread: what is here is what was said.

create table chat_sessions (
  id            uuid primary key default gen_random_uuid(),
  course_id     uuid not null references courses on delete cascade,
  user_id       uuid references users on delete set null,
  -- The client's name of the thread when that is not a UUID.
  thread_id     text,
  session_label text,
  state         jsonb not null default '{}',
  deleted_at    timestamptz,
  created_at    timestamptz not null default now(),
  updated_at    timestamptz not null default now()
);
create index chat_sessions_course on chat_sessions (course_id, updated_at desc, id)
  where deleted_at is null;
create trigger chat_sessions_touch before update on chat_sessions
  for each row execute function touch_updated_at();

create table chat_messages (
  id          uuid primary key default gen_random_uuid(),
  session_id  uuid not null references chat_sessions on delete cascade,
  -- Messages of one session in the order in which they were said.
  position    bigint generated always as identity,
  role        text not null check (role in ('user', 'assistant', 'system')),
  content     text not null,
  -- The id under which the client knows it, so that history sent again is recognised.
  client_id   text,
  run_id      text,
  -- {citations, tool_calls, usage, status, …}
  metadata    jsonb not null default '{}',
  created_at  timestamptz not null default now(),
  unique (session_id, position)
);
create unique index chat_messages_client on chat_messages (session_id, client_id);
