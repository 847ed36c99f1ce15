-- 0010: what search needs beside the chunks, and the way from one embedding model to another.

-- Search asks first which languages and models a course has, which these answer without its rows.
create index lecture_chunks_kind on lecture_chunks (course_id, embedding_model, text_config);
create index slide_chunks_kind on slide_chunks (course_id, embedding_model, text_config);
drop index lecture_chunks_course;
drop index slide_chunks_course;

-- With a vector of 6 KB in the row, PostgreSQL would move the words out of it, and every ranked chunk
-- would be two more lookups. `main` keeps them, compressed, where there is room.
alter table lecture_chunks alter column tsv set storage main;
alter table slide_chunks alter column tsv set storage main;

-- Vectors that no question is compared with: collected for a model that is to come, or taken out of
-- use by one that came. A chunk has at most one of each model here.
create table shelved_embeddings (
  chunk_id        uuid not null,
  course_id       uuid not null references courses on delete cascade,
  embedding_model text not null,
  embedding       vector(1536) not null,
  -- Of the words that were embedded: a chunk whose words changed since has no use for the vector.
  content_md5     text not null,
  -- When it was taken out of use; null while it has not been in use.
  retired_at      timestamptz,
  primary key (chunk_id, embedding_model)
);
create index shelved_embeddings_course on shelved_embeddings (course_id, embedding_model);

-- Chunks go with their asset, or when it is chunked anew; their shelved vectors go with them.
create function forget_shelved_embeddings() returns trigger language plpgsql as $$
begin
  delete from shelved_embeddings s using gone where s.chunk_id = gone.id;
  return null;
end
$$;
create trigger lecture_chunks_forgotten after delete on lecture_chunks
  referencing old table as gone for each statement execute function forget_shelved_embeddings();
create trigger slide_chunks_forgotten after delete on slide_chunks
  referencing old table as gone for each statement execute function forget_shelved_embeddings();

-- Puts the shelved vectors of one model into use, and those they replace on the shelf: at one moment
-- for every question, and back again the same way. Without a course, in all of them.
-- Answers how many chunks changed their vector.
create function switch_embeddings(wanted_course uuid, wanted_model text)
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
        join shelved_embeddings s on s.chunk_id = c.id and s.content_md5 = md5(c.content)
        where s.embedding_model = $2 and c.embedding_model <> $2
          and ($1 is null or c.course_id = $1)
        for update of c
      ),
      taken as (
        delete from shelved_embeddings s using switching w
        where s.chunk_id = w.id and s.embedding_model = $2
      ),
      shelved as (
        insert into shelved_embeddings
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
      into switched using wanted_course, wanted_model;
    total := total + switched;
  end loop;
  if total > 0 then
    perform record_event(case when wanted_course is null then 'system' else 'course' end,
      wanted_course, wanted_course, 'embeddings_switched',
      jsonb_build_object('model', wanted_model, 'chunks', total));
  end if;
  return total;
end
$$;
