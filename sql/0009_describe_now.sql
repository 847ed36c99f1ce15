-- 0009: describing a document's pages while somebody waits for it.

-- Hands a document's job to a request that wants its pages described now: the waiting job, a failed one
-- tried again, or a new one for a document that is completed. No row while somebody else works on it.
create function claim_document(document uuid, visibility_seconds integer)
returns table (queue_name text, message_id bigint, attempt integer, kind text, job_id uuid,
               asset_id uuid, errors integer, handed_back integer, sent_at timestamptz,
               had_failed boolean)
language plpgsql as $$
#variable_conflict use_column
declare
  job     document_jobs;
  message pgmq.message_record;
begin
  perform lock_asset(document);
  select j.* into job from documents d join document_jobs j on j.id = d.description_job_id
  where d.id = document and d.deleted_at is null for update of j;
  if not found then return; end if;

  had_failed := job.job_state = 'failed';
  if had_failed then
    perform retry_document(document);
  elsif job.job_state = 'completed' then
    insert into document_jobs (document_id, priority) values (document, job.priority)
    returning id into job.id;
    update documents set status = 'uploaded' where id = document;
    perform enqueue_job('document', job.id, job.priority);
  end if;

  select j.* into job from document_jobs j where j.id = job.id;
  select * into message
  from pgmq.read(job.queue_name, visibility_seconds, 1, jsonb_build_object('job_id', job.id));
  if not found then return; end if;
  update document_jobs j set message_id = message.msg_id, attempt = message.read_ct,
    started_at = coalesce(j.started_at, clock_timestamp())
  where j.id = job.id
  returning j.queue_name, j.message_id, j.attempt, 'document', j.id, document, j.errors,
            j.handed_back, message.enqueued_at
  into queue_name, message_id, attempt, kind, job_id, asset_id, errors, handed_back, sent_at;
  return next;
end
$$;
