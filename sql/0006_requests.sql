-- 0006: accepting work. Each function is one transaction: rows, event, message and wake-up, or nothing.

-- A transcription that was not asked for at first: a job that leaves it out stops, and a new one makes
-- it. Null when it was asked for before, or somebody brought a transcript.
create function transcribe_after_all(lecture uuid, wanted_priority text) returns uuid
language plpgsql as $$
begin
  perform lock_asset(lecture);
  perform from lectures l
  where l.id = lecture and l.deleted_at is null and not l.transcription
    and not exists (select from lecture_transcripts t where t.lecture_id = l.id);
  if not found then return null; end if;
  return begin_transcription(lecture, wanted_priority, 'A transcript is wanted after all');
end
$$;

-- The sound of a lecture that has no transcript, and none on its way, was brought by a client: it starts
-- anew with that. Null when there is nothing to start.
create function transcribe_from_sound(lecture uuid, wanted_title text, wanted_priority text) returns uuid
language plpgsql as $$
begin
  perform lock_asset(lecture);
  update lectures l set source = 'upload', transcription = true, title = coalesce(l.title, wanted_title)
  where l.id = lecture and l.deleted_at is null
    and (l.status in ('completed', 'failed') or not l.transcription)
    and not exists (select from lecture_transcripts t where t.lecture_id = l.id);
  if not found then return null; end if;
  return coalesce(retry_lecture(lecture),
                  begin_transcription(lecture, wanted_priority, 'Its sound was brought instead'));
end
$$;

-- Stops the lecture's job, if one is at work, and queues one that transcribes. The caller holds the lock.
create function begin_transcription(lecture uuid, wanted_priority text, why_stopped text) returns uuid
language plpgsql as $$
declare
  job uuid;
begin
  perform stop_job('lecture', lecture, 'cancelled', why_stopped);
  update lectures set transcription = true, transcript_status = 'pending', embed_status = 'pending'
  where id = lecture;
  insert into lecture_download_jobs (lecture_id, panopto_reference, priority)
  select id, panopto_url, wanted_priority from lectures where id = lecture
  returning id into job;
  perform enqueue_job('lecture', job, wanted_priority);
  return job;
end
$$;

-- The same session in the same course answers the lecture that is there, with created = false; created
-- also says that it is transcribed now because this request is the first to ask for that.
create function request_lecture(
  course uuid, session_id text, url text, wanted_title text, transcription boolean, priority text,
  out lecture_id uuid, out job_id uuid, out created boolean
) language plpgsql as $$
declare
  started uuid;
begin
  loop
    insert into lectures (course_id, source, panopto_session_id, panopto_url, title, transcription)
    values (course, 'panopto', session_id, url, wanted_title, request_lecture.transcription)
    on conflict (course_id, panopto_session_id) where deleted_at is null do nothing
    returning id into lecture_id;
    created := found;
    exit when created;
    select l.id, l.last_job_id into lecture_id, job_id from lectures l
    where l.course_id = course and l.panopto_session_id = session_id and l.deleted_at is null;
    exit when found; -- else it was deleted between the two, and there is room for a new one
  end loop;

  if created then
    insert into lecture_download_jobs (lecture_id, panopto_reference, priority)
    values (request_lecture.lecture_id, url, request_lecture.priority) returning id into job_id;
    perform enqueue_job('lecture', job_id, priority);
  elsif request_lecture.transcription then
    started := transcribe_after_all(request_lecture.lecture_id, request_lecture.priority);
    created := started is not null;
    job_id := coalesce(started, job_id);
  end if;
end
$$;

-- A lecture whose sound the client brings; the file lies under the lecture's id already.
create function request_uploaded_lecture(
  lecture uuid, course uuid, session_id text, url text, wanted_title text, priority text,
  out lecture_id uuid, out job_id uuid, out created boolean
) language plpgsql as $$
begin
  loop
    insert into lectures (id, course_id, source, panopto_session_id, panopto_url, title)
    values (lecture, course, 'upload', session_id, url, wanted_title)
    on conflict (course_id, panopto_session_id) where deleted_at is null do nothing
    returning id into lecture_id;
    created := found;
    exit when created;
    select l.id, l.last_job_id into lecture_id, job_id from lectures l
    where l.course_id = course and l.panopto_session_id = session_id and l.deleted_at is null;
    exit when found;
  end loop;

  if created then
    insert into lecture_download_jobs (lecture_id, panopto_reference, priority)
    values (request_uploaded_lecture.lecture_id, url, request_uploaded_lecture.priority)
    returning id into job_id;
    perform enqueue_job('lecture', job_id, priority);
  end if;
end
$$;

-- A transcript that somebody brings takes the place of everything that was made of the sound. Whatever
-- job is at work stops, and a new one makes the chunks and embeddings. Null when there is no lecture.
create function replace_transcript(
  lecture uuid, body text, segments jsonb, language text, tokens integer, source text
) returns uuid language plpgsql as $$
declare
  job uuid;
begin
  perform lock_asset(lecture);
  perform from lectures where id = lecture and deleted_at is null;
  if not found then return null; end if;
  perform stop_job('lecture', lecture, 'cancelled', 'A transcript was imported instead');

  insert into lecture_transcripts
    (lecture_id, transcript_text, word_segments, language_code, token_count, provider)
  values (lecture, body, segments, language, tokens, source)
  on conflict (lecture_id) do update set
    transcript_text = excluded.transcript_text, word_segments = excluded.word_segments,
    language_code = excluded.language_code, token_count = excluded.token_count,
    provider = excluded.provider, model = null;
  delete from lecture_chunks where lecture_id = lecture;

  -- Every part that has an end is opened again first: there is no way from one end to another.
  update lectures set
    transcript_status = 'pending', embed_status = 'pending', language_code = language,
    metadata = metadata - 'embedded_at' || jsonb_build_object('transcribed_at', now())
  where id = lecture;
  update lectures set transcript_status = 'completed' where id = lecture;

  insert into lecture_download_jobs (lecture_id, priority) values (lecture, 'high') returning id into job;
  perform enqueue_job('lecture', job, 'high');
  return job;
end
$$;

-- A stored PDF becomes a document. The same bytes in the same course answer the document that is there.
create function request_document(
  document uuid, course uuid, filename text, wanted_title text, storage_url text,
  size_bytes bigint, sha256 text, priority text,
  out document_id uuid, out job_id uuid, out created boolean
) language plpgsql as $$
#variable_conflict use_column
begin
  loop
    insert into documents (id, course_id, filename, title, storage_url, size_bytes, sha256)
    values (document, course, request_document.filename, wanted_title, request_document.storage_url,
            request_document.size_bytes, request_document.sha256)
    on conflict (course_id, sha256) where deleted_at is null do nothing
    returning id into document_id;
    created := found;
    exit when created;
    select d.id, d.description_job_id into document_id, job_id from documents d
    where d.course_id = course and d.sha256 = request_document.sha256 and d.deleted_at is null;
    exit when found;
  end loop;

  if created then
    delete from unclaimed_files f where f.document_id = document and not f.doomed;
    if not found then
      raise exception 'the file of document % was not announced, or was given up', document;
    end if;
    insert into document_jobs (document_id, priority)
    values (request_document.document_id, request_document.priority) returning id into job_id;
    perform enqueue_job('document', job_id, priority);
  end if;
end
$$;

-- Starts a failed job again where it stopped; null when it did not fail.
create function retry_lecture(lecture uuid) returns uuid language plpgsql as $$
declare
  job uuid;
begin
  perform lock_asset(lecture);
  update lecture_download_jobs j set
    job_state = 'pending', error_code = null, error_message = null, finished_at = null
  from lectures l
  where l.id = lecture and l.deleted_at is null and j.id = l.last_job_id and j.job_state = 'failed'
  returning j.id into job;
  if job is null then return null; end if;
  update lectures set
    transcript_status = case transcript_status when 'failed' then 'pending' else transcript_status end,
    embed_status = case embed_status when 'failed' then 'pending' else embed_status end
  where id = lecture;
  perform enqueue_job('lecture', job, (select priority from lecture_download_jobs where id = job));
  return job;
end
$$;

create function retry_document(document uuid) returns uuid language plpgsql as $$
declare
  job uuid;
begin
  perform lock_asset(document);
  update document_jobs j set
    job_state = 'pending', error_code = null, error_message = null, finished_at = null
  from documents d
  where d.id = document and d.deleted_at is null and j.id = d.description_job_id
    and j.job_state = 'failed'
  returning j.id into job;
  if job is null then return null; end if;
  -- Where every page is described already, only what follows is done again.
  update documents d set status_reason = null, status = case
    when d.page_count = (select count(*) from slide_descriptions s where s.document_id = d.id)
    then 'described' else 'uploaded' end
  where d.id = document;
  perform enqueue_job('document', job, (select priority from document_jobs where id = job));
  return job;
end
$$;

-- Takes an asset out of every read at once; rows and file follow when it is purged.
create function delete_asset(kind text, asset uuid) returns boolean language plpgsql as $$
declare
  course uuid;
begin
  perform stop_job(kind, asset, 'asset_deleted', 'The asset was deleted');
  execute format('update %I set deleted_at = now() where id = $1 and deleted_at is null
                  returning course_id', kind || 's') into course using asset;
  if course is null then return false; end if;
  perform record_event(kind, asset, course, 'deleted', '{}');
  return true;
end
$$;

-- Ends a course with all it holds, and answers whose files remain to be removed; no row when there is
-- no such course. Its assets go first, each as if it were deleted alone.
create function delete_course(course uuid)
returns table (document_ids uuid[], lecture_ids uuid[]) language plpgsql as $$
declare
  asset record;
begin
  for asset in
    select 'lecture' as kind, id from lectures where course_id = course and deleted_at is null
    union all
    select 'document', id from documents where course_id = course and deleted_at is null
    order by id
  loop
    perform delete_asset(asset.kind, asset.id);
  end loop;
  -- Whoever adds to the course just now ends first and is seen here, or finds no course.
  perform from courses where id = course for update;
  document_ids := array(select id from documents where course_id = course);
  insert into unclaimed_files (document_id) select unnest(document_ids)
  on conflict do nothing;
  lecture_ids := array(select id from lectures where course_id = course);
  delete from courses where id = course;
  if found then return next; end if;
end
$$;
