-- 0010: moving a course from one embedding model to another.

-- Vectors that search does not use: prepared for the next model, or replaced by the current one. A
-- chunk has at most one row per model.
create table inactive_embeddings (
  chunk_id        uuid not null,
  course_id       uuid not null references courses on delete cascade,
  embedding_model text not null,
  embedding       halfvec(1536) not null,
  -- MD5 of the embedded text. After a change of the chunk's text the vector is unusable.
  content_md5     text not null,
  -- When search stopped using the vector; null if search never used it.
  retired_at      timestamptz,
  primary key (chunk_id, embedding_model)
);
create index inactive_embeddings_course on inactive_embeddings (course_id, embedding_model);

-- Removes the inactive vectors of deleted chunks. Chunks are deleted with their asset, and when it is
-- chunked again.
create function delete_inactive_embeddings() returns trigger language plpgsql as $$
begin
  delete from inactive_embeddings s using deleted where s.chunk_id = deleted.id;
  return null;
end
$$;
create trigger lecture_chunks_deleted after delete on lecture_chunks
  referencing old table as deleted for each statement execute function delete_inactive_embeddings();
create trigger slide_chunks_deleted after delete on slide_chunks
  referencing old table as deleted for each statement execute function delete_inactive_embeddings();

-- Swaps the inactive vectors of one model with the active ones in one transaction, so that every question
-- sees one model. The same call switches back. Without a course it applies to all courses. Returns the
-- number of chunks that changed their vector.
create function switch_embeddings(p_course_id uuid, p_model text)
returns integer language plpgsql as $$
declare
  chunks   text;
  switched integer;
  total    integer := 0;
begin
  foreach chunks in array array['lecture_chunks', 'slide_chunks'] loop
    execute format('
      with switching as (
        select c.id, c.course_id, c.embedding_model as former_model, c.embedding as former,
               s.content_md5, s.embedding
        from %1$I c
        join inactive_embeddings s on s.chunk_id = c.id and s.content_md5 = md5(c.content)
        where s.embedding_model = $2 and c.embedding_model <> $2
          and ($1 is null or c.course_id = $1)
        for update of c
      ),
      taken as (
        delete from inactive_embeddings s using switching w
        where s.chunk_id = w.id and s.embedding_model = $2
      ),
      retired as (
        insert into inactive_embeddings
          (chunk_id, course_id, embedding_model, embedding, content_md5, retired_at)
        select id, course_id, former_model, former, content_md5, now() from switching
        on conflict (chunk_id, embedding_model) do update set
          embedding = excluded.embedding, content_md5 = excluded.content_md5, retired_at = now()
      ),
      used as (
        update %1$I c set embedding = w.embedding, embedding_model = $2
        from switching w where c.id = w.id
        returning c.id
      )
      select count(*) from used', chunks)
      into switched using p_course_id, p_model;
    total := total + switched;
  end loop;
  if total > 0 then
    perform record_event(case when p_course_id is null then 'system' else 'course' end,
      p_course_id, p_course_id, 'embeddings_switched',
      jsonb_build_object('model', p_model, 'chunks', total));
  end if;
  return total;
end
$$;
