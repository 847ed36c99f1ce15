-- 0020: the chunks of many courses that are closest to a question (docs/decisions/0058).

-- The chunks of one kind, lecture or slide, that are closest to a vector, by cosine distance. Null courses: all.
-- The vectors with the fewest different bits are compared whole. Of up to p_few chunks, and without the index that maintenance
-- builds, the bits of all chunks are compared; otherwise the index finds them. The caller checks what is visible; here
-- hidden assets and pages are left out only so that they do not take the places of visible ones.
create function nearest_across_courses(
  p_kind text, p_course_ids uuid[], p_model text, p_vector halfvec, p_count integer,
  p_few integer, p_all_owners boolean, p_owner_id uuid, p_sees_unreleased boolean
) returns table (id uuid, distance float8) language plpgsql stable as $$
declare
  chunks text := case p_kind when 'lecture' then 'lecture_chunks' else 'slide_chunks' end;
  scope  text := format('
    from %1$I c join %2$I a on a.id = c.%3$I
    where c.embedding_model = $2 and ($1 is null or c.course_id = any($1)) and a.deleted_at is null
      and ($4 or ((a.owner_id is null or a.owner_id = $5)
                  and ($6 or a.visible_from is null or a.visible_from <= now() or a.owner_id = $5))) %4$s',
    chunks, case p_kind when 'lecture' then 'lectures' else 'documents' end,
    case p_kind when 'lecture' then 'lecture_id' else 'document_id' end,
    case when p_kind = 'slide' and not p_sees_unreleased then '
      and not exists (select from page_releases r
                      where r.document_id = c.document_id and r.visible_from > now()
                        and r.page_from <= c.page_end and r.page_to >= c.page_number)' end);
  lists  integer;
  reads_all boolean;
begin
  select substring(array_to_string(c.reloptions, ',') from 'lists=(\d+)')::integer into lists
  from pg_index i join pg_class c on c.oid = i.indexrelid
  where i.indrelid = chunks::regclass and i.indisvalid and c.relname = chunks || '_nearest';

  execute format('select $3 is null or count(*) <= $2 from (
    select from %I where $1 is null or course_id = any($1) limit $2 + 1) c', chunks)
    into reads_all using p_course_ids, p_few, lists;
  if not reads_all then
    perform set_config('ivfflat.probes', greatest(10, ceil(sqrt(lists)))::text, true),
            set_config('ivfflat.max_probes', greatest(10, lists / 4)::text, true),
            -- Reads more lists while hidden chunks and other courses leave too few.
            set_config('ivfflat.iterative_scan', 'relaxed_order', true);
  end if;
  -- + 0: the index is not used.
  return query execute format('
    select id, embedding <=> $3 as distance
    from (select c.id %s order by (c.embedding_bits <~> $8)%s limit greatest(2000, 10 * $7)) alike join %I using (id)
    order by 2, 1 limit $7', scope, case when reads_all then ' + 0' end, chunks)
    using p_course_ids, p_model, p_vector, p_all_owners, p_owner_id, p_sees_unreleased, p_count, bits_of(p_vector);
end
$$;
