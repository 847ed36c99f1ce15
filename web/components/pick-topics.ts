/** Shorter titles are agendas, numbers and single words; longer ones are sentences. Characters. */
const MIN_TITLE = 8;
const MAX_TITLE = 70;

/**
 * Titles of slides that a question can be about, spread over the deck.
 *
 * @param titles of the pages in order; the first page is the cover
 * @param count the most that are returned
 */
export function pickTopics(titles: string[], count: number): string[] {
  const [cover, ...inner] = titles.map((title) => title.trim());
  const topics = [...new Set(inner)].filter(
    (title) =>
      title !== cover &&
      title.length >= MIN_TITLE &&
      title.length <= MAX_TITLE &&
      /\p{L}\s+\S*\p{L}/u.test(title),
  );
  const most = Math.min(count, topics.length);
  const step = topics.length / most;
  return Array.from({ length: most }, (_, i) => topics[Math.floor((i + 0.5) * step)]!);
}
