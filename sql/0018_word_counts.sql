-- 0018: how many chunks have each frequent word, so that search does not rank the chunks that have only those
-- (docs/decisions/0056). Like the planner's statistics, the counts may be old: they decide what is ranked, and how
-- much a word weighs that is not looked up.

create table word_counts (
  -- Null: all courses together, estimated from a sample.
  course_id   uuid references courses on delete cascade,
  text_config regconfig not null,
  -- Empty: all chunks of the language, if these are most chunks of the course.
  lexeme      text not null,
  chunks      integer not null check (chunks > 0),
  unique nulls not distinct (course_id, text_config, lexeme)
);

-- When the words of a course were counted, and the chunks that it had.
create table word_count_states (
  course_id  uuid references courses on delete cascade,
  chunks     bigint not null,
  counted_at timestamptz not null default now(),
  unique nulls not distinct (course_id)
);

-- The last id of a sample with this share of all rows, 0 to 1; ids are random.
create function sample_end(p_share float8) returns uuid language sql immutable parallel safe as $$
  select rpad(lpad(to_hex(floor(p_share * 4294967295)::bigint), 8, '0'), 32, 'f')::uuid
$$;

-- Counts the words that occur in p_least chunks of a course or more, and the chunks of its main language. Null: the words
-- of all courses. Of more than p_sample chunks, a sample is counted. Does nothing while another process counts.
create function count_words(p_course_id uuid, p_chunks bigint, p_least integer, p_sample integer) returns void
language plpgsql as $$
declare
  config  regconfig;
  spoken  bigint;
  share   float8 := least(1, p_sample / greatest(p_chunks, 1)::float8);
  scope   text := case when p_course_id is null then 'true' else format('course_id = %L', p_course_id) end;
  chunks  text := format('
    select tsv, context_tsv from %%I where text_config = %%s::regconfig and %s %s',
    scope, case when share < 1 then format('and id <= %L', sample_end(share)) end);
begin
  if not pg_try_advisory_xact_lock(hashtextextended('count_words', 0)) then return; end if;
  delete from word_counts where course_id is not distinct from p_course_id;
  for config in execute format('
    select text_config from lecture_chunks where %1$s union select text_config from slide_chunks where %1$s', scope)
  loop
    if p_course_id is not null then
      execute format('select (select count(*) from lecture_chunks where %1$s and text_config = %2$s::regconfig)
                             + (select count(*) from slide_chunks where %1$s and text_config = %2$s::regconfig)', scope, config::oid)
        into spoken;
      if spoken > p_chunks / 2 then
        insert into word_counts (course_id, text_config, lexeme, chunks) values (p_course_id, config, '', spoken);
      end if;
    end if;
    insert into word_counts (course_id, text_config, lexeme, chunks)
    select p_course_id, config, word, round(ndoc / share)
    from ts_stat(format('select tsv || coalesce(context_tsv, '''') from (%s union all %s) chunk',
                        format(chunks, 'lecture_chunks', config::oid), format(chunks, 'slide_chunks', config::oid)))
    where ndoc / share >= p_least and ndoc >= 5;
  end loop;
  insert into word_count_states (course_id, chunks) values (p_course_id, p_chunks)
  on conflict (course_id) do update set chunks = excluded.chunks, counted_at = now();
end
$$;
