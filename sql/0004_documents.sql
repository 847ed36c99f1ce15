-- 0004: slide decks, their described pages and their searchable chunks.
--
-- Pages count from 1. The unchanged PDF is in the file storage; sha256 is the checksum of its bytes.
--
-- documents, slide_descriptions and slide_chunks hold one complete version of each document. A job that
-- replaces a version builds in document_versions, version_descriptions and draft_chunks;
-- publish_document swaps both in one transaction (docs/decisions/0029).

create table documents (
  id                 uuid primary key default gen_random_uuid(),
  course_id          uuid not null references courses on delete cascade,
  filename           text not null,
  title              text,
  storage_url        text not null,
  mime_type          text not null default 'application/pdf',
  size_bytes         bigint not null check (size_bytes >= 0),
  sha256             text not null check (sha256 ~ '^[0-9a-f]{64}$'),
  page_count         integer check (page_count > 0),
  language_code      text,
  status             text not null default 'uploaded'
                     check (status in ('uploaded', 'described', 'embedding', 'completed', 'failed')),
  status_reason      text,
  description_job_id uuid,
  -- The name of the file in the storage. Null for the first upload, which has the document's id.
  file_id            uuid,
  -- When the file was uploaded.
  uploaded_at        timestamptz not null default now(),
  -- The version that the last job builds; null for the first build and after a swap.
  next_version_id    uuid,
  metadata           jsonb not null default '{}',
  -- Personal material: only its owner and admins see it. Null: the course's.
  owner_id           uuid references users,
  -- Students see the asset from then on. Null: at once.
  visible_from       timestamptz,
  deleted_at         timestamptz,
  created_at         timestamptz not null default now(),
  updated_at         timestamptz not null default now(),
  check (status <> 'failed' or status_reason <> '')
);
-- The same bytes in the same course are one document: request_document and request_version find it here.
create index documents_bytes on documents (course_id, sha256) where deleted_at is null;
create index documents_order on documents (course_id, created_at, id);
create index documents_owner on documents (owner_id) where owner_id is not null;
create index documents_changed on documents (updated_at, id);
-- Students' searches leave out the speech over unreleased decks; most decks have no release date.
create index documents_unreleased on documents (visible_from) where visible_from is not null;
create index documents_unfinished on documents (status) where status <> 'completed';

-- Pages that students see later than the rest of the document, in every version of it.
create table page_releases (
  id           bigint generated always as identity primary key,
  document_id  uuid not null references documents on delete cascade,
  page_from    integer not null check (page_from > 0),
  page_to      integer not null,
  visible_from timestamptz not null,
  check (page_to >= page_from)
);
create index page_releases_document on page_releases (document_id);

-- The versions of a document that are not in `documents`: replaced ones, and the one that is being built.
create table document_versions (
  id            uuid primary key default gen_random_uuid(),
  document_id   uuid not null references documents on delete cascade,
  file_id       uuid not null,
  filename      text not null,
  -- Of the file; it becomes the document's title only if that has none.
  title         text,
  storage_url   text not null,
  size_bytes    bigint not null check (size_bytes >= 0),
  sha256        text not null check (sha256 ~ '^[0-9a-f]{64}$'),
  page_count    integer check (page_count > 0),
  language_code text,
  metadata      jsonb not null default '{}',
  uploaded_at   timestamptz not null default now(),
  -- Null: the version has not been complete yet.
  replaced_at   timestamptz
);
create index document_versions_document on document_versions (document_id, sha256);
alter table documents add foreign key (next_version_id) references document_versions on delete set null;

-- Files without a row in documents or document_versions. A row is inserted before an upload is stored and
-- when a version or a document is deleted; request_document and request_version remove it. Cleanup finds
-- interrupted uploads and removals here, without listing a bucket that other software can share.
create table unclaimed_files (
  file_id         uuid primary key,
  since           timestamptz not null default now(),
  -- True once the file is being removed: no document can use it then.
  removal_started boolean not null default false
);
create index unclaimed_files_age on unclaimed_files (since);

create table slide_descriptions (
  id                     uuid primary key default gen_random_uuid(),
  document_id            uuid not null references documents on delete cascade,
  page_number            integer not null check (page_number > 0),
  -- The describer's output, and the text that is stored for retrieval.
  raw_description        text not null,
  normalized_description text not null,
  described_by           text not null check (described_by in ('model', 'ocr', 'text')),
  -- {title?, section?, headings, tags, …}
  metadata               jsonb not null default '{}',
  created_at             timestamptz not null default now(),
  unique (document_id, page_number)
);

-- The pages of document_versions, with the columns of slide_descriptions.
create table version_descriptions (
  version_id             uuid not null references document_versions on delete cascade,
  page_number            integer not null check (page_number > 0),
  raw_description        text not null,
  normalized_description text not null,
  described_by           text not null check (described_by in ('model', 'ocr', 'text')),
  metadata               jsonb not null default '{}',
  primary key (version_id, page_number)
);

-- The pages of the version that the last job of a document builds or has built.
create view build_descriptions as
  select d.id as document_id, s.page_number, s.raw_description, s.normalized_description,
         s.described_by, s.metadata
  from documents d join slide_descriptions s on s.document_id = d.id
  where d.next_version_id is null
  union all
  select d.id, v.page_number, v.raw_description, v.normalized_description, v.described_by, v.metadata
  from documents d join version_descriptions v on v.version_id = d.next_version_id;

create table slide_chunks (
  id              uuid primary key default gen_random_uuid(),
  document_id     uuid not null references documents on delete cascade,
  course_id       uuid not null references courses on delete cascade,
  chunk_index     integer not null check (chunk_index >= 0),
  page_number     integer not null check (page_number > 0),
  page_end        integer not null,
  content         text not null,
  metadata        jsonb not null default '{}',
  text_config     regconfig not null default 'simple',
  -- The words of the content, apart, as toSearchText returns them. Null: the content itself.
  search_text     text,
  tsv             tsvector generated always as
                  (compact_vector(search_vector(text_config, coalesce(search_text, content)), context_tsv)) stored,
  -- From the timeline: the words spoken over its pages, labelled by confidence (enrich_chunks). Null: none.
  context_tsv     tsvector,
  embedding       halfvec(1536),
  embedding_bits  bit(1024) generated always as (bits_of(embedding)) stored,
  embedding_model text,
  created_at      timestamptz not null default now(),
  unique (document_id, chunk_index),
  check (page_end >= page_number),
  check ((embedding is null) = (embedding_model is null))
);
-- Storage and indexes for the same reasons as those of lecture_chunks.
alter table slide_chunks alter column embedding set storage plain;
alter table slide_chunks alter column embedding_bits set storage plain;
alter table slide_chunks set (toast_tuple_target = 4080);
create index slide_chunks_kind on slide_chunks (course_id, text_config, embedding_model)
  include (id, document_id, embedding_bits);
create index slide_chunks_text on slide_chunks using gin ((array[course_id]), tsv);
create index slide_chunks_context on slide_chunks using gin ((array[course_id]), context_tsv) where context_tsv is not null;

-- The chunks that a job makes of a lecture or a document. Search does not read them: the job moves them to
-- lecture_chunks or slide_chunks when all have their vectors.
create table draft_chunks (
  id              uuid primary key default gen_random_uuid(),
  lecture_id      uuid references lectures on delete cascade,
  document_id     uuid references documents on delete cascade,
  chunk_index     integer not null,
  -- Milliseconds of a lecture, pages of a document.
  starts          integer not null,
  ends            integer not null,
  content         text not null,
  metadata        jsonb not null,
  search_text     text,
  text_config     regconfig not null,
  embedding       halfvec(1536),
  embedding_model text,
  unique (lecture_id, chunk_index),
  unique (document_id, chunk_index),
  check (num_nonnulls(lecture_id, document_id) = 1)
);
alter table draft_chunks alter column embedding set storage plain;

create trigger documents_touch before update on documents
  for each row execute function touch_updated_at();
create trigger documents_status before update of status on documents
  for each row execute function guard_status('document', 'status');

create function record_document_status() returns trigger language plpgsql as $$
begin
  perform record_event('document', new.id, new.course_id, 'status', jsonb_build_object(
    'from', case when tg_op = 'UPDATE' then old.status end, 'to', new.status,
    'job_id', new.description_job_id, 'reason', new.status_reason));
  return null;
end
$$;
create trigger documents_inserted after insert on documents
  for each row execute function record_document_status();
create trigger documents_moved after update of status on documents
  for each row when (old.status is distinct from new.status)
  execute function record_document_status();
