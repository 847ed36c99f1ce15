-- 0008: conversations. The server owns the history of a thread; clients send only new messages.

create table chat_sessions (
  id            uuid primary key default gen_random_uuid(),
  course_id     uuid not null references courses on delete cascade,
  -- The user who asks; null if the caller names no user.
  user_id       uuid references users on delete set null,
  -- The client's id of the thread if that is not a UUID.
  thread_id     text,
  session_label text,
  created_at    timestamptz not null default now(),
  updated_at    timestamptz not null default now()
);
create index chat_sessions_course on chat_sessions (course_id, created_at desc, id desc);
create index chat_sessions_user on chat_sessions (user_id);
create index chat_sessions_thread on chat_sessions (thread_id) where thread_id is not null;
create trigger chat_sessions_touch before update on chat_sessions
  for each row execute function touch_updated_at();

create table chat_messages (
  id          uuid primary key default gen_random_uuid(),
  session_id  uuid not null references chat_sessions on delete cascade,
  -- The order of the messages in a session.
  position    bigint generated always as identity,
  role        text not null check (role in ('user', 'assistant', 'system')),
  content     text not null,
  -- The client's id of the message, to recognise a history that is sent again.
  client_id   text,
  run_id      text,
  -- For an assistant message: the question it answers, and its step in that answer, from 0.
  turn_id     uuid references chat_messages on delete cascade,
  step        smallint check (step >= 0),
  -- Assistant: {status, citations, references, tool_calls, reasoning, usage, …}; user: {parts}
  metadata    jsonb not null default '{}',
  created_at  timestamptz not null default now(),
  unique (session_id, position),
  -- A repeated answer replaces the interrupted one.
  unique (turn_id, step),
  check ((role = 'assistant') = (turn_id is not null and step is not null))
);
create unique index chat_messages_client on chat_messages (session_id, client_id);

-- Stores the steps of answers: [{session_id, turn_id, run_id, last_step, steps: [{id, step, content, metadata}]}]. A step
-- replaces that of an interrupted attempt, never a complete one. An answer to a deleted question is not stored.
create function save_answers(answers jsonb) returns void language plpgsql as $$
declare
  answer record;
begin
  for answer in
    select * from jsonb_to_recordset(answers)
      as a (session_id uuid, turn_id uuid, run_id text, last_step int, steps jsonb)
    order by session_id -- statements that run at the same time lock in one order
  loop
    continue when not exists (select from chat_messages where id = answer.turn_id);
    update chat_sessions set updated_at = now() where id = answer.session_id;
    continue when not found;
    delete from chat_messages where turn_id = answer.turn_id and step > answer.last_step;
    insert into chat_messages as m
      (id, session_id, role, content, run_id, turn_id, step, metadata)
    select s.id, answer.session_id, 'assistant', s.content, answer.run_id, answer.turn_id, s.step, s.metadata
    from jsonb_to_recordset(answer.steps) as s (id uuid, content text, step int, metadata jsonb)
    order by s.step
    on conflict (turn_id, step) do update set
      id = excluded.id, content = excluded.content, run_id = excluded.run_id,
      metadata = excluded.metadata
    where m.metadata ->> 'status' <> 'complete';
  end loop;
end
$$;

-- Parts of conversations that a regenerated answer or a changed question replaced. Nothing shows them.
create table chat_branches (
  id          uuid primary key default gen_random_uuid(),
  session_id  uuid not null references chat_sessions on delete cascade,
  -- The run whose question replaced them.
  replaced_by text not null,
  -- Rows of chat_messages, oldest first.
  messages    jsonb not null,
  created_at  timestamptz not null default now()
);
create index chat_branches_session on chat_branches (session_id, created_at);

-- Ratings of answers and of their citations, with the answer as it was rated: a regenerated answer replaces it.
create table message_feedback (
  id         uuid primary key default gen_random_uuid(),
  session_id uuid not null references chat_sessions on delete cascade,
  -- The rated message. No foreign key, because a replaced message moves to chat_branches.
  message_id uuid not null,
  -- Null if the caller names no user.
  user_id    uuid references users on delete cascade,
  -- The number of the rated citation; null for the whole answer.
  citation   integer check (citation > 0),
  rating     text not null check (rating in ('up', 'down')),
  reason     text,
  comment    text,
  question   text not null,
  answer     text not null,
  -- {citations, references, model} of the answer
  metadata   jsonb not null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique nulls not distinct (message_id, user_id, citation)
);
create index message_feedback_session on message_feedback (session_id);
create index message_feedback_user on message_feedback (user_id) where user_id is not null;
create trigger message_feedback_touch before update on message_feedback
  for each row execute function touch_updated_at();
