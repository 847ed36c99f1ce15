-- 0007: accepting work. Each function is one transaction: it writes rows, event, message and wake-up, or
-- nothing.

-- Sets when students see an asset, and adds ranges of pages that they see later: the choices of a request
-- that creates a job. Null and an empty list change nothing.
create function add_release(
  p_kind text, p_asset_id uuid, p_visible_from timestamptz, p_page_releases jsonb
) returns void language plpgsql as $$
declare
  course uuid;
begin
  if p_visible_from is null and p_page_releases = '[]' then return; end if;
  if p_kind = 'lecture' then
    update lectures set visible_from = coalesce(p_visible_from, visible_from)
    where id = p_asset_id returning course_id into course;
  else
    update documents set visible_from = coalesce(p_visible_from, visible_from)
    where id = p_asset_id returning course_id into course;
    insert into page_releases (document_id, page_from, page_to, visible_from)
    select p_asset_id, r.page_from, r.page_to, r.visible_from
    from jsonb_to_recordset(p_page_releases) as r (page_from int, page_to int, visible_from timestamptz);
  end if;
  perform record_event(p_kind, p_asset_id, course, 'release_changed', jsonb_build_object(
    'visible_from', p_visible_from, 'page_releases', p_page_releases));
end
$$;

-- Starts the last job of an asset again where it stopped; null when that job did not fail. The counts of
-- the job restart.
create function reopen_failed_job(p_asset_id uuid) returns uuid language plpgsql as $$
declare
  job     uuid;
  crashed boolean;
begin
  perform lock_asset(p_asset_id);
  select j.id, j.error_code = 'worker_crashed' into job, crashed from jobs j
  where j.job_state = 'failed' and j.id in (
    select last_job_id from lectures where id = p_asset_id and deleted_at is null
    union all
    select description_job_id from documents where id = p_asset_id and deleted_at is null)
  for update;
  if job is null then return null; end if;
  update jobs j set job_state = 'pending', error_code = null, error_message = null, finished_at = null
  where j.id = job;
  perform enqueue_job(job);
  -- A job that crashed its process runs in quarantine again.
  if crashed then update jobs j set crashes = 2 where j.id = job; end if;
  return job;
end
$$;

-- Retries a failed lecture; null when it did not fail.
create function retry_lecture(p_lecture_id uuid) returns uuid language plpgsql as $$
declare
  job uuid := reopen_failed_job(p_lecture_id);
begin
  if job is null then return null; end if;
  update lectures l set
    transcript_status = case l.transcript_status when 'failed' then 'pending'
                                                 else l.transcript_status end,
    embed_status = case l.embed_status when 'failed' then 'pending' else l.embed_status end
  where l.id = p_lecture_id;
  return job;
end
$$;

-- Retries a failed document; null when it did not fail.
create function retry_document(p_document_id uuid) returns uuid language plpgsql as $$
declare
  job uuid := reopen_failed_job(p_document_id);
begin
  if job is null then return null; end if;
  -- If all pages are described already, only the later steps run again.
  update documents d set status_reason = null, status = case
    when d.next_version_id is null and d.page_count = (select count(*) from slide_descriptions s where s.document_id = d.id)
    then 'described' else 'uploaded' end
  where d.id = p_document_id;
  return job;
end
$$;

-- Stops the unfinished job of a lecture, if there is one, and creates one that transcribes. The caller
-- holds the lock of the asset.
create function begin_transcription(p_lecture_id uuid, p_priority text, p_why_stopped text) returns uuid
language plpgsql as $$
declare
  course uuid;
begin
  perform stop_job(p_lecture_id, 'cancelled', p_why_stopped);
  update lectures set transcription = true, transcript_status = 'pending', embed_status = 'pending'
  where id = p_lecture_id returning course_id into course;
  return create_job('lecture', p_lecture_id, course, p_priority);
end
$$;

-- Starts the transcription of a lecture that was requested without one. Null when it was requested
-- before, or when the lecture has a transcript.
create function add_transcription(p_lecture_id uuid, p_priority text) returns uuid
language plpgsql as $$
begin
  perform lock_asset(p_lecture_id);
  perform from lectures l
  where l.id = p_lecture_id and l.deleted_at is null and not l.transcription
    and not exists (select from lecture_transcripts t where t.lecture_id = l.id);
  if not found then return null; end if;
  return begin_transcription(p_lecture_id, p_priority, 'A transcription was requested');
end
$$;

-- Starts a lecture again with audio that a client uploaded and that is stored under p_audio_file_id; the
-- lecture gives up an earlier file. Null when it has a transcript, or when a job is already making one.
create function transcribe_from_audio(
  p_lecture_id uuid, p_audio_file_id uuid, p_title text, p_priority text,
  p_visible_from timestamptz default null
) returns uuid language plpgsql as $$
declare
  job uuid;
begin
  perform lock_asset(p_lecture_id);
  update lectures l set source = 'upload', transcription = true, title = coalesce(l.title, p_title)
  where l.id = p_lecture_id and l.deleted_at is null
    and (l.status in ('completed', 'failed') or not l.transcription)
    and not exists (select from lecture_transcripts t where t.lecture_id = l.id);
  if not found then return null; end if;
  job := coalesce(retry_lecture(p_lecture_id),
                  begin_transcription(p_lecture_id, p_priority, 'Audio was uploaded instead'));
  -- After the start, because a completed lecture would give up the file at once.
  perform claim_audio_file(p_lecture_id, p_audio_file_id);
  perform add_release('lecture', p_lecture_id, p_visible_from, '[]');
  return job;
end
$$;

-- The lecture of a Panopto session in a course, or that of one owner.
create function find_lecture_of_session(p_course_id uuid, p_session_id text, p_owner_id uuid)
returns uuid language sql stable as $$
  select l.id from lectures l
  where l.course_id = p_course_id and l.panopto_session_id = p_session_id and l.deleted_at is null
    and l.owner_id is not distinct from p_owner_id
  order by l.created_at limit 1;
$$;

-- Makes a new transcript of a lecture from its recording, or from audio that a client uploaded and that is
-- stored under p_audio_file_id. A transcript in use answers until the new one has its embeddings; if the job
-- fails or is cancelled, it stays. A lecture without a transcript gets its first one. Outcomes:
--   created  a job makes the transcript because of this request
--   exists   a job makes it already
--   busy     a job does other work on the lecture, or makes the transcript from other audio
-- Null when there is no such lecture.
create function retranscribe_lecture(p_lecture_id uuid, p_audio_file_id uuid,
                                     out outcome text, out job_id uuid)
language plpgsql as $$
declare
  lecture        lectures;
  has_transcript boolean;
begin
  perform lock_asset(p_lecture_id);
  select l.* into lecture from lectures l where l.id = p_lecture_id and l.deleted_at is null;
  if not found then return; end if;

  has_transcript := exists (select from lecture_transcripts t where t.lecture_id = p_lecture_id);
  job_id := lecture.last_job_id;
  if lecture.status not in ('completed', 'failed') then
    outcome := case when p_audio_file_id is null and lecture.transcription
                         and (lecture.retranscribing or not has_transcript)
                    then 'exists' else 'busy' end;
    return;
  end if;

  outcome := 'created';
  if not has_transcript then
    job_id := case when p_audio_file_id is null
      then coalesce(retry_lecture(p_lecture_id), begin_transcription(p_lecture_id, 'normal', ''))
      else transcribe_from_audio(p_lecture_id, p_audio_file_id, null, 'normal') end;
    return;
  end if;
  if lecture.retranscribing and p_audio_file_id is null then
    job_id := retry_lecture(p_lecture_id); -- continues where the failed job stopped
    return;
  end if;

  delete from draft_transcripts d where d.lecture_id = p_lecture_id;
  update lectures set
    retranscribing = true, transcription = true,
    source = case when p_audio_file_id is null then source else 'upload' end,
    embed_status = case when embed_status in ('failed', 'skipped') then 'pending' else embed_status end
  where id = p_lecture_id;
  job_id := create_job('lecture', p_lecture_id, lecture.course_id, 'normal');
  -- After the start, because a completed lecture would give up the file at once.
  if p_audio_file_id is not null then perform claim_audio_file(p_lecture_id, p_audio_file_id); end if;
  perform record_event('lecture', p_lecture_id, lecture.course_id, 'retranscription_requested',
                       jsonb_build_object('job_id', job_id));
end
$$;

-- Inserts a lecture with its job. If the course, or for personal material its owner, already has the
-- Panopto session, returns that lecture with created = false.
create function insert_lecture(
  p_course_id uuid, p_source text, p_session_id text, p_url text, p_title text,
  p_transcription boolean, p_priority text, p_owner_id uuid, p_visible_from timestamptz,
  out lecture_id uuid, out job_id uuid, out created boolean
) language plpgsql as $$
begin
  if p_session_id is not null then
    perform pg_advisory_xact_lock(hashtextextended(p_course_id::text || p_session_id, 0));
    select l.id, l.last_job_id into lecture_id, job_id from lectures l
    where l.id = find_lecture_of_session(p_course_id, p_session_id, p_owner_id);
  end if;
  created := lecture_id is null;
  if not created then return; end if;
  insert into lectures
    (course_id, source, panopto_session_id, panopto_url, title, transcription, owner_id, visible_from)
  values (p_course_id, p_source, p_session_id, p_url, p_title, p_transcription, p_owner_id,
          p_visible_from)
  returning id into lecture_id;
  job_id := create_job('lecture', lecture_id, p_course_id, p_priority);
end
$$;

-- Requests a Panopto session. For a lecture that exists, created = true means that this request is the
-- first with transcription, and that a job for it was created; p_visible_from then changes its release.
create function request_lecture(
  p_course_id uuid, p_session_id text, p_url text, p_title text, p_transcription boolean,
  p_priority text, p_owner_id uuid, p_visible_from timestamptz default null,
  out lecture_id uuid, out job_id uuid, out created boolean
) language plpgsql as $$
declare
  started uuid;
begin
  select i.lecture_id, i.job_id, i.created into lecture_id, job_id, created
  from insert_lecture(p_course_id, 'panopto', p_session_id, p_url, p_title, p_transcription,
                      p_priority, p_owner_id, p_visible_from) i;
  if not created and p_transcription then
    started := add_transcription(lecture_id, p_priority);
    created := started is not null;
    job_id := coalesce(started, job_id);
    if created then perform add_release('lecture', lecture_id, p_visible_from, '[]'); end if;
  end if;
end
$$;

-- Requests a lecture with audio that a client uploaded and that is stored under p_audio_file_id. For a
-- lecture that exists, the file stays unclaimed.
create function request_uploaded_lecture(
  p_course_id uuid, p_audio_file_id uuid, p_session_id text, p_url text, p_title text,
  p_priority text, p_owner_id uuid, p_visible_from timestamptz default null,
  out lecture_id uuid, out job_id uuid, out created boolean
) language plpgsql as $$
begin
  select i.lecture_id, i.job_id, i.created into lecture_id, job_id, created
  from insert_lecture(p_course_id, 'upload', p_session_id, p_url, p_title, true, p_priority,
                      p_owner_id, p_visible_from) i;
  if created then perform claim_audio_file(lecture_id, p_audio_file_id); end if;
end
$$;

-- Replaces the transcript of a lecture by one from a client. Stops the unfinished job and creates a job that
-- makes new chunks and embeddings. If the lecture has a transcript, that one stays in use until the new one
-- has its embeddings. The defects of the file (p_warnings, a list) are stored with the lecture and as an
-- event. Null when there is no such lecture.
create function replace_transcript(
  p_lecture_id uuid, p_text text, p_segments jsonb, p_language_code text, p_token_count integer,
  p_provider text, p_warnings jsonb
) returns uuid language plpgsql as $$
declare
  course uuid;
  warnings jsonb := case when p_warnings = '[]' then '{}' else jsonb_build_object('warnings', p_warnings) end;
begin
  perform lock_asset(p_lecture_id);
  select course_id into course from lectures where id = p_lecture_id and deleted_at is null;
  if not found then return null; end if;
  -- The job of the imported transcript applies them.
  update lecture_transcripts t set corrections_due = false where t.lecture_id = p_lecture_id and t.corrections_due;
  perform stop_job(p_lecture_id, 'cancelled', 'A transcript was imported instead');

  -- Two updates, because a finished status can only become `pending`.
  update lectures set transcript_status = 'pending', embed_status = 'pending', retranscribing = false
  where id = p_lecture_id;
  update lectures set transcript_status = 'completed' where id = p_lecture_id;
  insert into lecture_transcripts
    (lecture_id, transcript_text, word_segments, language_code, token_count, provider)
  values (p_lecture_id, p_text, p_segments, p_language_code, p_token_count, p_provider)
  on conflict (lecture_id) do nothing;
  if found then
    update lectures set
      language_code = p_language_code,
      metadata = metadata - 'warnings' || warnings || jsonb_build_object('transcribed_at', now())
    where id = p_lecture_id;
  else
    insert into draft_transcripts
      (lecture_id, transcript_text, word_segments, language_code, token_count, provider, warnings)
    values (p_lecture_id, p_text, p_segments, p_language_code, p_token_count, p_provider, p_warnings)
    on conflict (lecture_id) do update set
      transcript_text = excluded.transcript_text, word_segments = excluded.word_segments,
      original = null, corrections = '{}', corrects = false,
      language_code = excluded.language_code, token_count = excluded.token_count,
      provider = excluded.provider, model = null, warnings = excluded.warnings, created_at = now();
  end if;
  if warnings <> '{}' then
    perform record_event('lecture', p_lecture_id, course, 'transcript_warnings', warnings);
  end if;

  return create_job('lecture', p_lecture_id, course, 'high');
end
$$;

-- Inserts a lecture of which there is only a transcript. Its job makes the chunks and embeddings.
create function request_transcript_lecture(
  p_course_id uuid, p_title text, p_media_url text, p_text text, p_segments jsonb,
  p_language_code text, p_token_count integer, p_provider text, p_warnings jsonb, p_owner_id uuid,
  p_visible_from timestamptz default null,
  out lecture_id uuid, out job_id uuid
) language plpgsql as $$
begin
  insert into lectures (course_id, source, media_url, title, owner_id, visible_from)
  values (p_course_id, 'transcript', p_media_url, p_title, p_owner_id, p_visible_from)
  returning id into lecture_id;
  job_id := replace_transcript(
    lecture_id, p_text, p_segments, p_language_code, p_token_count, p_provider, p_warnings);
end
$$;

-- Inserts a document with its job, for a PDF that is already stored. If the course already has the same
-- bytes, returns that document with created = false and does not change its release.
create function request_document(
  p_document_id uuid, p_course_id uuid, p_filename text, p_title text, p_storage_url text,
  p_size_bytes bigint, p_sha256 text, p_priority text, p_owner_id uuid,
  p_visible_from timestamptz default null, p_page_releases jsonb default '[]',
  out document_id uuid, out job_id uuid, out created boolean
) language plpgsql as $$
begin
  perform lock_bytes(p_course_id, p_sha256);
  select d.id, d.description_job_id into document_id, job_id from documents d
  where d.id = find_document_of_bytes(p_course_id, p_sha256, p_owner_id);
  created := not found;
  if not created then return; end if;

  insert into documents
    (id, course_id, filename, title, storage_url, size_bytes, sha256, owner_id, visible_from)
  values (p_document_id, p_course_id, p_filename, p_title, p_storage_url, p_size_bytes, p_sha256,
          p_owner_id, p_visible_from);
  perform add_release('document', p_document_id, p_visible_from, p_page_releases);
  perform claim_file(p_document_id);
  document_id := p_document_id;
  job_id := create_job('document', p_document_id, p_course_id, p_priority);
end
$$;

-- Reads one message of a queue; no row while another reader holds it or it waits.
create function read_message(p_queue text, p_message_id bigint, p_visibility_seconds integer)
returns table (attempt integer) language plpgsql as $$
begin
  if p_queue = 'ingest_high' then
    return query update pgmq.q_ingest_high m set
      vt = clock_timestamp() + make_interval(secs => p_visibility_seconds),
      last_read_at = clock_timestamp(), read_ct = m.read_ct + 1
    where m.msg_id = p_message_id and m.vt <= clock_timestamp() returning m.read_ct;
  else
    return query update pgmq.q_ingest m set
      vt = clock_timestamp() + make_interval(secs => p_visibility_seconds),
      last_read_at = clock_timestamp(), read_ct = m.read_ct + 1
    where m.msg_id = p_message_id and m.vt <= clock_timestamp() returning m.read_ct;
  end if;
end
$$;

-- Claims the job of one document for a request that describes pages itself: the waiting job, a failed
-- job after a retry, or a new job for a completed document. No row while another worker holds the job.
create function claim_document(p_document_id uuid, p_visibility_seconds integer)
returns table (claim claimed_job, had_failed boolean) language plpgsql as $$
declare
  job     jobs;
  message record;
begin
  perform lock_asset(p_document_id);
  select j.* into job from documents d join jobs j on j.id = d.description_job_id
  where d.id = p_document_id and d.deleted_at is null for update of j;
  if not found then return; end if;

  had_failed := job.job_state = 'failed';
  if had_failed then
    perform retry_document(p_document_id);
  elsif job.job_state = 'completed' then
    job.id := create_job('document', p_document_id, job.course_id, job.priority);
    update documents set status = 'uploaded' where id = p_document_id;
  end if;
  perform build_beside(p_document_id);

  select j.* into job from jobs j where j.id = job.id;
  -- A job that can crash its process must not run in the process that answers requests.
  if job.quarantined then return; end if;
  select * into message from read_message(job.queue_name, job.message_id, p_visibility_seconds);
  if not found then return; end if;
  claim := start_attempt(job.id, job.queue_name, job.message_id, message.attempt, null);
  if claim.job_id is not null then return next; end if;
end
$$;

-- Hides an asset from every read and stops its job. Maintenance removes rows and file later. False when
-- there is no such asset.
create function delete_asset(p_kind text, p_asset_id uuid) returns boolean language plpgsql as $$
declare
  course uuid;
begin
  perform stop_job(p_asset_id, 'asset_deleted', 'The asset was deleted');
  if p_kind = 'lecture' then
    update lectures set deleted_at = now() where id = p_asset_id and deleted_at is null
    returning course_id into course;
  else
    update documents set deleted_at = now() where id = p_asset_id and deleted_at is null
    returning course_id into course;
  end if;
  if course is null then return false; end if;
  perform record_event(p_kind, p_asset_id, course, 'deleted', '{}');
  return true;
end
$$;

-- Whether retention can delete an asset: it is older than p_before and has no unfinished job. Locks the asset, so that no
-- job begins before the deletion is committed.
create function lock_due_asset(p_kind text, p_asset_id uuid, p_before timestamptz) returns boolean
language plpgsql as $$
begin
  perform lock_asset(p_asset_id);
  perform from jobs j where j.asset_id = p_asset_id and j.job_state not in ('completed', 'failed');
  if found then return false; end if;
  if p_kind = 'lecture' then
    perform from lectures where id = p_asset_id and deleted_at is null and created_at < p_before;
  else
    perform from documents where id = p_asset_id and deleted_at is null and uploaded_at < p_before;
  end if;
  return found;
end
$$;

-- Deletes a course with all its assets and returns the ids of the PDFs that remain to be removed. No
-- row when there is no such course. Each asset is first deleted like a single one.
create function delete_course(p_course_id uuid)
returns table (file_ids uuid[]) language plpgsql as $$
declare
  asset record;
begin
  for asset in
    select 'lecture' as kind, id from lectures where course_id = p_course_id and deleted_at is null
    union all
    select 'document', id from documents where course_id = p_course_id and deleted_at is null
    order by id
  loop
    perform delete_asset(asset.kind, asset.id);
  end loop;
  -- A transaction that is adding to the course ends before this lock is granted, and its rows are seen
  -- below; a later one finds no course.
  perform from courses where id = p_course_id for update;
  file_ids := array(
    select coalesce(d.file_id, d.id) from documents d where d.course_id = p_course_id
    union
    select v.file_id from document_versions v join documents d on d.id = v.document_id
    where d.course_id = p_course_id);
  insert into unclaimed_files (file_id) select unnest(file_ids)
  on conflict do nothing;
  delete from courses where id = p_course_id;
  if found then return next; end if;
end
$$;
