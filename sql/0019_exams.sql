-- 0019: the exam of a course: generated questions, and the results of its runs (docs/decisions/0055).

-- Questions about terms of an asset, made when it is ingested. Where they are answered is looked up when the exam is
-- taken, because later material can answer them too. Ratings and corrections add questions then, without a copy here.
create table exam_questions (
  id          uuid primary key default gen_random_uuid(),
  course_id   uuid not null references courses on delete cascade,
  lecture_id  uuid references lectures on delete cascade,
  document_id uuid references documents on delete cascade,
  question    text not null check (question <> ''),
  -- The pages and the speech that contain it answer the question.
  term        text not null check (term <> ''),
  created_at  timestamptz not null default now(),
  check (num_nonnulls(lecture_id, document_id) = 1)
);
create index exam_questions_course on exam_questions (course_id);
create index exam_questions_lecture on exam_questions (lecture_id) where lecture_id is not null;
create index exam_questions_document on exam_questions (document_id) where document_id is not null;

create table exam_runs (
  id          uuid primary key default gen_random_uuid(),
  course_id   uuid not null references courses on delete cascade,
  -- {settings, questions, measures} with the result of each question.
  report      jsonb not null,
  -- Measures that are worse than those of the run before without a regression.
  regressions text[] not null default '{}',
  created_at  timestamptz not null default now()
);
create index exam_runs_course on exam_runs (course_id, created_at desc, id desc);
