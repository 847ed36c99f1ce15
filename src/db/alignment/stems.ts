import type { TextConfig } from "../../text/language";
import type { Sql } from "../client";

/**
 * The stems of each text in reading order, without stop words, by PostgreSQL's own text search: the
 * same stems that search finds the text by.
 */
export async function listStems(
  sql: Sql,
  text_config: TextConfig,
  texts: readonly string[],
): Promise<string[][]> {
  const rows = await sql<{ stems: string[] }[]>`
    select coalesce(
      (select array_agg(word.lexeme order by position)
       from unnest(to_tsvector(${text_config}::regconfig, item.content)) word,
            unnest(word.positions) position),
      '{}'
    ) as stems
    from unnest(${texts}::text[]) with ordinality item(content, n)
    order by n`;
  return rows.map(({ stems }) => stems);
}
