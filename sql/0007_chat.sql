-- 0007: conversations. The server owns a thread: what is here is what was said.

create table chat_sessions (
  id            uuid primary key default gen_random_uuid(),
  course_id     uuid not null references courses on delete cascade,
  user_id       uuid references users on delete set null,
  -- The client's name of the thread when that is not a UUID.
  thread_id     text,
  session_label text,
  created_at    timestamptz not null default now(),
  updated_at    timestamptz not null default now()
);
create index chat_sessions_course on chat_sessions (course_id, created_at desc, id desc);
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
  -- Of an answer: what it answers, and which of the answer's steps it is, from 0.
  turn_id     uuid references chat_messages on delete cascade,
  step        smallint check (step >= 0),
  -- Of an answer: {status, citations, references, tool_calls, reasoning, usage, …}; of a question: {parts}
  metadata    jsonb not null default '{}',
  created_at  timestamptz not null default now(),
  unique (session_id, position),
  -- An answer that is given again takes the place of the one that broke off.
  unique (turn_id, step),
  check ((role = 'assistant') = (turn_id is not null and step is not null))
);
create unique index chat_messages_client on chat_messages (session_id, client_id);
