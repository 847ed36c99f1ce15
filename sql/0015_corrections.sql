-- 0015: corrections of transcripts (docs/decisions/0043).
--
-- A correction is a row. The job of a lecture applies all corrections to the original transcript and publishes
-- the result with its chunks in one transaction. So an undo is the same work with one correction less.

create table transcript_corrections (
  id            uuid primary key default gen_random_uuid(),
  -- The order in which corrections are applied.
  seq           bigint generated always as identity,
  course_id     uuid not null references courses on delete cascade,
  -- A word of this lecture. Null: a rule for all lectures of the course with the owner `owner_id`.
  lecture_id    uuid references lectures on delete cascade,
  -- A rule for personal lectures applies to those of their owner, and to no lecture of the course.
  owner_id      uuid references users on delete cascade,
  -- Where the corrected word starts, in ms from the start of the recording. Null: a rule.
  start_ms      integer check (start_ms >= 0),
  -- Its place among the words with the same start, from 0: times in whole seconds are not unique. Null: a rule.
  nth_at_start  integer check (nth_at_start >= 0),
  expected      text not null check (expected <> ''),
  replacement   text not null check (replacement <> ''),
  match_case    boolean not null default false,
  -- The sender: the public part of a key, or the user.
  key_id        text,
  user_id       uuid references users on delete set null,
  created_at    timestamptz not null default now(),
  undone_at     timestamptz,
  check ((lecture_id is null) = (start_ms is null)),
  check ((lecture_id is null) = (nth_at_start is null))
);
create index transcript_corrections_course on transcript_corrections (course_id, created_at, id);
create index transcript_corrections_lecture on transcript_corrections (lecture_id) where lecture_id is not null;

-- The corrections that apply to a lecture.
create function active_corrections(p_lecture_id uuid) returns setof transcript_corrections
language sql stable as $$
  select c.* from lectures l join transcript_corrections c on c.course_id = l.course_id
  where l.id = p_lecture_id and c.undone_at is null
    and (c.lecture_id = l.id or c.lecture_id is null and c.owner_id is not distinct from l.owner_id)
  order by c.seq;
$$;

-- Lets a job apply the current corrections of a lecture, and returns the job. A job that has not started to
-- make chunks applies them; one that has is stopped and replaced. Null when there is no transcript yet: the
-- job that makes it applies the corrections.
create function apply_corrections(p_lecture_id uuid, p_priority text) returns uuid
language plpgsql as $$
declare
  course uuid;
  job    jobs;
begin
  perform lock_asset(p_lecture_id);
  select l.course_id into course from lectures l where l.id = p_lecture_id and l.deleted_at is null;
  if not found then return null; end if;
  loop
    select j.* into job from jobs j
    where j.asset_id = p_lecture_id and j.job_state not in ('completed', 'failed');
    exit when not found;
    perform lock_message(job.queue_name, job.message_id);
    -- The lock keeps the job from its next step until the correction is committed.
    select j.* into job from jobs j where j.id = job.id for update;
    -- A job that ended while this function waited can have been followed by another.
    exit when job.job_state not in ('completed', 'failed');
  end loop;
  if job.job_state in ('pending', 'downloading', 'transcribing') then
    update lecture_transcripts t set corrections_due = true from lectures l
    where t.lecture_id = p_lecture_id and l.id = t.lecture_id and l.retranscribing;
    return case when job.job_state = 'pending' then job.id end;
  end if;
  if job.job_state = 'embedding' then
    perform stop_job(p_lecture_id, 'cancelled', 'A correction of the transcript starts it again');
  end if;
  perform from lecture_transcripts t where t.lecture_id = p_lecture_id;
  if not found then return null; end if;
  return create_correction_job(p_lecture_id, course, p_priority);
end
$$;

-- After a failed attempt to transcribe again, the corrections are for the transcript in use.
create function create_correction_job(p_lecture_id uuid, p_course_id uuid, p_priority text) returns uuid
language plpgsql as $$
begin
  update lecture_transcripts t set corrections_due = false where t.lecture_id = p_lecture_id and t.corrections_due;
  update lectures l set
    embed_status = 'pending',
    retranscribing = l.retranscribing and exists (
      select from draft_transcripts d where d.lecture_id = p_lecture_id and not d.corrects)
  where l.id = p_lecture_id;
  return create_job('lecture', p_lecture_id, p_course_id, p_priority);
end
$$;

-- Creates a job for the corrections that waited for a job which ended without another transcript. A draft is
-- published by a retry, with its corrections.
create function apply_due_corrections(p_lecture_id uuid) returns void language plpgsql as $$
declare
  course uuid;
begin
  select l.course_id into course from lectures l join lecture_transcripts t on t.lecture_id = l.id
  where l.id = p_lecture_id and l.deleted_at is null and t.corrections_due
    and not exists (select from draft_transcripts d where d.lecture_id = l.id);
  if found then perform create_correction_job(p_lecture_id, course, 'high'); end if;
end
$$;

-- Applies a changed rule to the lectures of the course whose text it changes (p_lecture_ids), and to those
-- with an unfinished job, whose text is about to change.
create function apply_rule(p_rule transcript_corrections, p_lecture_ids uuid[])
returns table (lecture_id uuid, job_id uuid) language plpgsql as $$
declare
  lecture uuid;
begin
  for lecture in
    select l.id from lectures l
    where l.course_id = p_rule.course_id and l.deleted_at is null
      and l.owner_id is not distinct from p_rule.owner_id
      and (l.id = any(p_lecture_ids) or exists (
        select from jobs j where j.asset_id = l.id and j.job_state not in ('completed', 'failed')))
    order by l.id
  loop
    lecture_id := lecture;
    job_id := apply_corrections(lecture, 'normal');
    if job_id is not null then return next; end if;
  end loop;
end
$$;

-- Lets one request at a time change the corrections of a course.
create function lock_corrections(p_lecture_id uuid) returns void language sql as $$
  select pg_advisory_xact_lock(hashtextextended('corrections:' || l.course_id::text, 0))
  from lectures l where l.id = p_lecture_id;
$$;

-- The lectures whose published transcript a correction changes.
create function lectures_changed_by(p_correction transcript_corrections) returns setof uuid
language sql stable as $$
  select t.lecture_id from lecture_transcripts t join lectures l on l.id = t.lecture_id
  where l.course_id = p_correction.course_id and t.corrections ? p_correction.id::text;
$$;

-- Stores a correction of a word, or a rule when p_start_ms is null, and lets jobs apply it. It replaces an
-- active correction of the same text, so that the newest wins and one undo removes it. If that one is equal,
-- nothing changes and its id is returned. A row without correction_id when there are p_limit of its kind already.
create function add_correction(
  p_lecture_id uuid, p_start_ms integer, p_nth_at_start integer, p_expected text, p_replacement text,
  p_match_case boolean, p_key_id text, p_user_id uuid, p_lecture_ids uuid[], p_limit integer
) returns table (correction_id uuid, lecture_id uuid, job_id uuid) language plpgsql as $$
declare
  added    transcript_corrections;
  former   transcript_corrections;
  affected uuid[] := p_lecture_ids;
begin
  perform lock_corrections(p_lecture_id);
  select c.* into former from active_corrections(p_lecture_id) c
  where c.start_ms is not distinct from p_start_ms and c.nth_at_start is not distinct from p_nth_at_start
    and c.match_case = p_match_case
    and (c.expected = p_expected or not p_match_case and lower(c.expected) = lower(p_expected))
  order by c.seq desc limit 1;
  if found and former.replacement = p_replacement then
    correction_id := former.id;
    return next;
    return;
  end if;
  if found then
    update transcript_corrections c set undone_at = clock_timestamp() where c.id = former.id;
    affected := affected || array(select * from lectures_changed_by(former));
  elsif p_limit <= (select count(*) from active_corrections(p_lecture_id) c
                    where (c.start_ms is null) = (p_start_ms is null)) then
    return next;
    return;
  end if;
  insert into transcript_corrections as c
    (course_id, lecture_id, owner_id, start_ms, nth_at_start, expected, replacement, match_case, key_id,
     user_id)
  select l.course_id, case when p_start_ms is not null then l.id end,
         case when p_start_ms is null then l.owner_id end, p_start_ms, p_nth_at_start, p_expected,
         p_replacement, p_match_case, p_key_id, p_user_id
  from lectures l where l.id = p_lecture_id and l.deleted_at is null
  returning c.* into added;
  if not found then return; end if;
  perform record_event('lecture', p_lecture_id, added.course_id, 'transcript_correction_added',
    jsonb_build_object('correction_id', added.id, 'is_rule', added.lecture_id is null));
  correction_id := added.id;
  if added.lecture_id is not null then
    lecture_id := p_lecture_id;
    job_id := apply_corrections(p_lecture_id, 'high');
    return next;
    return;
  end if;
  for lecture_id, job_id in select a.lecture_id, a.job_id from apply_rule(added, affected) a loop
    return next;
  end loop;
  if not found then return next; end if;
end
$$;

-- Ends a correction that applies to the lecture, and lets jobs make the transcripts without it. No row when
-- there is no such correction, or when it was undone before.
create function undo_correction(p_lecture_id uuid, p_correction_id uuid)
returns table (correction_id uuid, lecture_id uuid, job_id uuid) language plpgsql as $$
declare
  undone transcript_corrections;
begin
  perform lock_corrections(p_lecture_id);
  update transcript_corrections c set undone_at = clock_timestamp()
  where c.id = p_correction_id
    and exists (select from active_corrections(p_lecture_id) a where a.id = c.id)
  returning c.* into undone;
  if not found then return; end if;
  perform record_event('lecture', p_lecture_id, undone.course_id, 'transcript_correction_undone',
    jsonb_build_object('correction_id', undone.id, 'is_rule', undone.lecture_id is null));
  correction_id := undone.id;
  if undone.lecture_id is not null then
    lecture_id := p_lecture_id;
    job_id := apply_corrections(p_lecture_id, 'high');
    return next;
    return;
  end if;
  for lecture_id, job_id in
    select a.lecture_id, a.job_id from apply_rule(undone, array(select * from lectures_changed_by(undone))) a
  loop
    return next;
  end loop;
  if not found then return next; end if;
end
$$;
