-- 0019: the exam of a course: generated questions, and the results of its runs (docs/decisions/0055).

-- Questions about an asset: about terms, made when it is ingested, and those that a model writes before an exam. Where a
-- term is answered is looked up when the exam is taken, because later material can answer it too. Ratings and
-- corrections add questions then, without a copy here.
create table exam_questions (
  id          uuid primary key default gen_random_uuid(),
  course_id   uuid not null references courses on delete cascade,
  lecture_id  uuid references lectures on delete cascade,
  document_id uuid references documents on delete cascade,
  question    text not null check (question <> ''),
  -- The pages and the speech that contain it answer the question.
  term        text not null check (term <> ''),
  -- Of a question that a model wrote: the place of the passage that it is about, in which `term` is the answer.
  -- {asset_id, pages} or {asset_id, start_ms, end_ms}
  place       jsonb,
  created_at  timestamptz not null default now(),
  check (num_nonnulls(lecture_id, document_id) = 1)
);
create index exam_questions_course on exam_questions (course_id);
create index exam_questions_lecture on exam_questions (lecture_id) where lecture_id is not null;
create index exam_questions_document on exam_questions (document_id) where document_id is not null;

create table exam_runs (
  id          uuid primary key default gen_random_uuid(),
  course_id   uuid not null references courses on delete cascade,
  -- full: search, answers and refusals. search: only search, which needs no chat model.
  kind        text not null check (kind in ('full', 'search')),
  -- The models, sizes and weights that the results depend on. With others now, the run is out of date.
  settings    jsonb not null,
  -- {questions, measures} with the result of each question.
  report      jsonb not null,
  -- Measures that are worse than those of the baseline: the last comparable run without a regression, or an accepted one.
  regressions text[] not null default '{}',
  -- When an administrator accepted the regressions: later runs are compared with this run.
  accepted_at timestamptz,
  created_at  timestamptz not null default now()
);
create index exam_runs_course on exam_runs (course_id, created_at desc, id desc);

-- Exams that run now, at most one of a course, so that no exam is paid for twice. The process of an exam refreshes its
-- row; silence means that the process has ended.
create table exam_turns (
  course_id uuid primary key references courses on delete cascade,
  -- Identifies the running exam; null: none runs.
  holder    uuid,
  seen_at   timestamptz not null default now(),
  -- Lectern itself starts no exam of the course before this time.
  retry_at  timestamptz,
  -- Exams that Lectern itself started since the last one that did not fail, with the one that runs now.
  failures  integer not null default 0
);

-- Answers of a model in an exam that has not ended, so that the next attempt does not pay for them again. They are removed
-- with the end of the exam, and after a day.
create table exam_answers (
  course_id   uuid not null references courses on delete cascade,
  -- SHA-256 of the question, its places and the settings.
  fingerprint text not null,
  answer      jsonb not null,
  created_at  timestamptz not null default now(),
  primary key (course_id, fingerprint)
);

-- Starts the exam of a course; null while another one runs.
create function claim_exam(p_course_id uuid) returns uuid language sql as $$
  insert into exam_turns as t (course_id, holder, seen_at) values (p_course_id, gen_random_uuid(), clock_timestamp())
  on conflict (course_id) do update set holder = excluded.holder, seen_at = excluded.seen_at
    where t.holder is null or t.seen_at < clock_timestamp() - interval '1 minute'
  returning holder;
$$;

-- Starts the exam of a course whose last run of this kind has other settings, or that has no such run; null if none is
-- due or any exam runs. A course is due when it has questions about existing material and none of its jobs has run for
-- p_settled_seconds. During a rollout, processes with old and with new settings each take one exam in a day.
--
-- The attempt counts as a failure until the exam ends well, so that a killed process waits too: 1 hour, then twice as
-- long each time, at most 7 days.
create function claim_due_exam(
  p_kind text, p_settings jsonb, p_settled_seconds double precision, out course_id uuid, out holder uuid
) language plpgsql as $$
begin
  perform pg_advisory_xact_lock(hashtextextended('exams', 0));
  if exists (select from exam_turns t
             where t.holder is not null and t.seen_at > clock_timestamp() - interval '1 minute') then
    return;
  end if;
  select c.id into course_id from courses c
  where exists (
      select from exam_questions q
      left join lectures l on l.id = q.lecture_id
      left join documents d on d.id = q.document_id
      where q.course_id = c.id and coalesce(l.deleted_at, d.deleted_at) is null)
    and not exists (select from exam_turns t where t.course_id = c.id and t.retry_at > clock_timestamp())
    and (select r.settings from exam_runs r where r.course_id = c.id and r.kind = p_kind
         order by r.created_at desc, r.id desc limit 1) is distinct from p_settings
    and not exists (
      select from exam_runs r where r.course_id = c.id and r.kind = p_kind and r.settings = p_settings
        and r.created_at > clock_timestamp() - interval '1 day')
    and not exists (
      select from jobs j where j.course_id = c.id
        and (j.job_state not in ('completed', 'failed') and j.paused_at is null
             or j.updated_at > clock_timestamp() - make_interval(secs => p_settled_seconds)))
  order by c.created_at, c.id limit 1;
  if course_id is null then return; end if;
  holder := claim_exam(course_id);
  update exam_turns t set
    failures = t.failures + 1,
    retry_at = clock_timestamp() + least(interval '1 hour' * power(2, least(t.failures, 8)), interval '7 days')
  where t.course_id = claim_due_exam.course_id and t.holder = claim_due_exam.holder;
end
$$;
