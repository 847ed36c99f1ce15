import type { Sql } from "../client";

type CitingMessage = { metadata: { citations?: unknown[]; references?: unknown[] } };
type VersionedCitation = { asset_id: string; sha256?: string; replaced?: true };

/**
 * Sets `replaced` on the citations whose document or transcript has another version now, and removes it from
 * the others. Citations without a checksum, and those of deleted assets, are never marked.
 */
export async function markReplaced<M extends CitingMessage>(sql: Sql, messages: M[]): Promise<M[]> {
  const ids = new Set(messages.flatMap(({ metadata }) => versionedIn(metadata)));
  if (ids.size === 0) return messages;
  const rows = await sql<{ id: string; sha256: string }[]>`
    select id, sha256 from documents where id = any(${[...ids]}::uuid[]) and deleted_at is null
    union all
    select lecture_id, sha256 from lecture_transcripts where lecture_id = any(${[...ids]}::uuid[])`;
  const current = new Map(rows.map(({ id, sha256 }) => [id, sha256]));
  const mark = (cited: unknown): unknown => {
    const { replaced: _, ...citation } = cited as VersionedCitation;
    const { asset_id, sha256 } = citation;
    const isReplaced = sha256 && current.has(asset_id) && current.get(asset_id) !== sha256;
    return isReplaced ? { ...citation, replaced: true } : citation;
  };
  return messages.map((message) => {
    const { citations, references } = message.metadata;
    const metadata = {
      ...message.metadata,
      ...(citations && { citations: citations.map(mark) }),
      ...(references && { references: references.map(mark) }),
    };
    return { ...message, metadata };
  });
}

/** The assets of the citations with a checksum. */
const versionedIn = ({ citations = [], references = [] }: CitingMessage["metadata"]): string[] =>
  ([...citations, ...references] as VersionedCitation[]).flatMap(({ asset_id, sha256 }) =>
    sha256 && UUID.test(asset_id) ? [asset_id] : [],
  );

/** A client can begin a thread with answers of its own, whose citations are not checked. */
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
