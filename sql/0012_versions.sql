-- 0012: replacing a version of a document or a transcript without a gap (docs/decisions/0029).
--
-- The former version answers all questions until the new one is complete. Then one transaction swaps both.

-- Has a version of the document been complete? Chunks are published together, after the last vector.
create function has_published(p_document_id uuid) returns boolean language sql stable as $$
  select exists (select from slide_chunks where document_id = p_document_id);
$$;

-- Copies the current version to document_versions and returns the copy's id. The copy has the same file.
create function copy_current_version(p_document_id uuid, p_replaced_at timestamptz) returns uuid
language plpgsql as $$
declare
  copy uuid;
begin
  insert into document_versions (document_id, file_id, filename, title, storage_url, size_bytes, sha256,
                                 page_count, language_code, metadata, uploaded_at, replaced_at)
  select id, coalesce(file_id, id), filename, title, storage_url, size_bytes, sha256, page_count,
         language_code, metadata, uploaded_at, p_replaced_at
  from documents where id = p_document_id
  returning id into copy;
  insert into version_descriptions
    (version_id, page_number, raw_description, normalized_description, described_by, metadata)
  select copy, page_number, raw_description, normalized_description, described_by, metadata
  from slide_descriptions where document_id = p_document_id;
  return copy;
end
$$;

-- Copies the published version of a document, so that the next job builds on the copy while the original answers.
create function build_beside(p_document_id uuid) returns void language plpgsql as $$
begin
  if has_published(p_document_id) then
    update documents set next_version_id = copy_current_version(p_document_id, null)
    where id = p_document_id and next_version_id is null;
  end if;
end
$$;

-- Records a file for removal unless a version of the document still has it.
create function release_file(p_document_id uuid, p_file_id uuid) returns void language sql as $$
  insert into unclaimed_files (file_id)
  select p_file_id
  where not exists (select from document_versions where document_id = p_document_id and file_id = p_file_id)
    and not exists (select from documents
                    where id = p_document_id and coalesce(file_id, id) = p_file_id)
  on conflict do nothing;
$$;

-- Gives up the version that is being built. A version that was complete before stays in the list.
create function drop_next_version(p_document_id uuid) returns void language plpgsql as $$
declare
  dropped document_versions;
begin
  delete from document_versions v using documents d
  where d.id = p_document_id and v.id = d.next_version_id and v.replaced_at is null
  returning v.* into dropped;
  if found then perform release_file(p_document_id, dropped.file_id); end if;
  update documents set next_version_id = null where id = p_document_id and next_version_id is not null;
end
$$;

-- Lets one request at a time decide whether a course has a file.
create function lock_bytes(p_course_id uuid, p_sha256 text) returns void language sql as $$
  select pg_advisory_xact_lock(hashtextextended(p_course_id::text || p_sha256, 0));
$$;

-- The document of a course, or of one owner, with these bytes in its current or its next version.
create function find_document_of_bytes(p_course_id uuid, p_sha256 text, p_owner_id uuid)
returns uuid language sql stable as $$
  select d.id from documents d
  where d.course_id = p_course_id and d.deleted_at is null
    and d.owner_id is not distinct from p_owner_id and (d.sha256 = p_sha256 or exists (
    select from document_versions v where v.id = d.next_version_id and v.sha256 = p_sha256))
  order by d.created_at limit 1;
$$;

-- Makes a stored file the next version of a document. It stops an older build: the newest upload wins.
-- created: a job builds the version because of this request. False when the document has these bytes and
-- nothing failed, or when a job builds them already. file_used: false when the document has a file with
-- these bytes; the caller then removes its own. duplicate_of: another document of the course has these
-- bytes, so nothing was changed. A release is changed only if created. No row when there is no such document.
create function request_version(
  p_document_id uuid, p_file_id uuid, p_filename text, p_title text, p_storage_url text,
  p_size_bytes bigint, p_sha256 text, p_priority text,
  p_visible_from timestamptz default null, p_page_releases jsonb default '[]'
) returns table (job_id uuid, created boolean, file_used boolean, duplicate_of uuid)
language plpgsql as $$
declare
  doc     documents;
  course  uuid;
  version uuid;
begin
  select d.course_id into course from documents d where d.id = p_document_id and d.deleted_at is null;
  if not found then return; end if;
  perform lock_bytes(course, p_sha256);
  perform lock_asset(p_document_id);
  select d.* into doc from documents d where d.id = p_document_id and d.deleted_at is null;
  if not found then return; end if;

  job_id := doc.description_job_id;
  created := false;
  file_used := false;
  duplicate_of := (select d.id from documents d
                   where d.id = find_document_of_bytes(course, p_sha256, doc.owner_id)
                     and d.id <> p_document_id);
  if duplicate_of is not null then return next; return; end if;

  if p_title is not null then update documents set title = p_title where id = p_document_id; end if;
  if p_sha256 = coalesce((select v.sha256 from document_versions v where v.id = doc.next_version_id),
                         doc.sha256) then
    created := retry_document(p_document_id) is not null;
    if created then
      perform add_release('document', p_document_id, p_visible_from, p_page_releases);
    end if;
    return next;
    return;
  end if;

  perform stop_job(p_document_id, 'cancelled', 'A newer version was uploaded');
  -- The stopped job can have published its version while this function waited for it.
  select d.* into doc from documents d where d.id = p_document_id for update;
  perform drop_next_version(p_document_id);
  if p_sha256 = doc.sha256 then
    perform build_beside(p_document_id);
  else
    select v.id into version from document_versions v
    where v.document_id = p_document_id and v.sha256 = p_sha256;
    if not found then
      insert into document_versions (document_id, file_id, filename, storage_url, size_bytes, sha256)
      values (p_document_id, p_file_id, p_filename, p_storage_url, p_size_bytes, p_sha256)
      returning id into version;
      perform claim_file(p_file_id);
      file_used := true;
    end if;
    update documents set next_version_id = version where id = p_document_id;
  end if;
  update documents set status = 'uploaded' where id = p_document_id and status <> 'uploaded';
  perform add_release('document', p_document_id, p_visible_from, p_page_releases);
  job_id := create_job('document', p_document_id, course, p_priority);
  created := true;
  perform record_event('document', p_document_id, course, 'version_uploaded', jsonb_build_object(
    'sha256', p_sha256, 'filename', p_filename, 'job_id', job_id));
  return next;
end
$$;

-- Takes a file off the list of files without a row.
create function claim_file(p_file_id uuid) returns void language plpgsql as $$
begin
  delete from unclaimed_files where file_id = p_file_id and not removal_started;
  if not found then
    raise exception 'the file % is not in unclaimed_files, or is being removed', p_file_id;
  end if;
end
$$;

-- Replaces the published chunks of an asset by its drafts. A chunk with unchanged text keeps its id, unless
-- the chunks belong to another file. Without drafts, as after a swap, it changes nothing.
create function publish_chunks(p_kind text, p_asset_id uuid, p_new_file boolean) returns void
language plpgsql as $$
begin
  if not exists (select from draft_chunks where p_asset_id in (lecture_id, document_id)) then return; end if;
  execute format('
    delete from %1$I c where c.%2$I = $1 and ($2 or not exists (
      select from draft_chunks d
      where d.%2$I = $1 and d.chunk_index = c.chunk_index and d.content = c.content))',
    case p_kind when 'lecture' then 'lecture_chunks' else 'slide_chunks' end, p_kind || '_id')
    using p_asset_id, p_new_file;
  execute format('
    insert into %1$I as c (id, %2$I, course_id, chunk_index, %3$I, %4$I, content, search_text, metadata,
                           text_config, embedding, embedding_model)
    select d.id, a.id, a.course_id, d.chunk_index, d.starts, d.ends, d.content, d.search_text, d.metadata,
           d.text_config, d.embedding, d.embedding_model
    from draft_chunks d join %5$I a on a.id = d.%2$I where a.id = $1
    on conflict (%2$I, chunk_index) do update set
      %3$I = excluded.%3$I, %4$I = excluded.%4$I, metadata = excluded.metadata,
      search_text = excluded.search_text, text_config = excluded.text_config,
      embedding = excluded.embedding, embedding_model = excluded.embedding_model
    where (c.%3$I, c.%4$I, c.metadata, c.search_text, c.text_config, c.embedding_model)
      is distinct from (excluded.%3$I, excluded.%4$I, excluded.metadata, excluded.search_text,
                        excluded.text_config, excluded.embedding_model)',
    case p_kind when 'lecture' then 'lecture_chunks' else 'slide_chunks' end, p_kind || '_id',
    case p_kind when 'lecture' then 'start_ms' else 'page_number' end,
    case p_kind when 'lecture' then 'end_ms' else 'page_end' end, p_kind || 's')
    using p_asset_id;
  execute format('delete from draft_chunks where %I = $1', p_kind || '_id') using p_asset_id;
end
$$;

-- Makes the version that was built the current one. The former version keeps its file and its pages, so
-- that its citations open; a version that never was complete, or has the same file, is deleted.
create function publish_document(p_document_id uuid) returns void language plpgsql as $$
declare
  doc  documents;
  next document_versions;
begin
  select d.* into doc from documents d where d.id = p_document_id for update;
  select v.* into next from document_versions v where v.id = doc.next_version_id;
  if not found then
    perform publish_chunks('document', p_document_id, false);
    return;
  end if;

  if next.sha256 <> doc.sha256 and has_published(p_document_id) then
    perform copy_current_version(p_document_id, clock_timestamp());
  end if;
  delete from slide_descriptions where document_id = p_document_id;
  insert into slide_descriptions
    (document_id, page_number, raw_description, normalized_description, described_by, metadata)
  select p_document_id, page_number, raw_description, normalized_description, described_by, metadata
  from version_descriptions where version_id = next.id;
  perform publish_chunks('document', p_document_id, next.sha256 <> doc.sha256);
  update documents set
    file_id = next.file_id, filename = next.filename, title = coalesce(title, next.title),
    storage_url = next.storage_url, size_bytes = next.size_bytes, sha256 = next.sha256,
    page_count = next.page_count, language_code = next.language_code, metadata = next.metadata,
    uploaded_at = next.uploaded_at, next_version_id = null
  where id = p_document_id;
  delete from document_versions where id = next.id;
  perform release_file(p_document_id, coalesce(doc.file_id, doc.id));
  perform record_event('document', p_document_id, doc.course_id, 'version_published', jsonb_build_object(
    'sha256', next.sha256, 'replaced', case when next.sha256 <> doc.sha256 then doc.sha256 end));
end
$$;

-- Publishes the draft chunks of a lecture, and its draft transcript if it has one.
create function publish_lecture(p_lecture_id uuid) returns void language plpgsql as $$
declare
  draft  draft_transcripts;
  former text;
begin
  delete from draft_transcripts where lecture_id = p_lecture_id returning * into draft;
  if found then
    select sha256 into former from lecture_transcripts where lecture_id = p_lecture_id;
    update lecture_transcripts set
      transcript_text = draft.transcript_text, word_segments = draft.word_segments,
      original = draft.original, corrections = draft.corrections, corrections_due = false,
      language_code = draft.language_code, token_count = draft.token_count,
      provider = draft.provider, model = draft.model
    where lecture_id = p_lecture_id;
    update lectures set
      language_code = draft.language_code,
      metadata = metadata - 'warnings'
        || jsonb_build_object('transcribed_at', draft.created_at, 'embedded_at', now())
        || case when draft.warnings = '[]' then '{}'
                else jsonb_build_object('warnings', draft.warnings) end
    where id = p_lecture_id;
    perform record_event('lecture', p_lecture_id, l.course_id, 'transcript_published',
                         jsonb_build_object('sha256', t.sha256,
                                            'replaced', case when t.sha256 <> former then former end))
    from lectures l join lecture_transcripts t on t.lecture_id = l.id where l.id = p_lecture_id;
  end if;
  perform publish_chunks('lecture', p_lecture_id, false);
end
$$;

-- Publishes the result of a claimed job; false when the attempt no longer holds the job.
create function publish_asset(p_job_id uuid, p_message_id bigint, p_attempt integer) returns boolean
language plpgsql as $$
declare
  job jobs;
begin
  select j.* into job from jobs j
  where j.id = p_job_id and j.message_id = p_message_id and j.attempt = p_attempt
    and j.job_state not in ('completed', 'failed')
  for share;
  if not found then return false; end if;
  if job.kind = 'lecture' then
    perform publish_lecture(job.asset_id);
  else
    perform publish_document(job.asset_id);
  end if;
  return true;
end
$$;
