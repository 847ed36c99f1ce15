import { dataOf } from "./errors.js";

type ListPage<T> = { items: T[]; next_cursor: string | number | null };
type PageAnswer<T> = { data?: ListPage<T>; error?: unknown; response: Response };

/**
 * All items of a list, page after page. `read` requests one page from a cursor, which is undefined for
 * the first page.
 *
 * @throws LecternError if the server refuses a page
 */
export async function* itemsOf<T, C extends string | number = string>(
  read: (cursor: C | undefined) => Promise<PageAnswer<T>>,
): AsyncGenerator<T> {
  let cursor: C | undefined;
  do {
    const page: ListPage<T> = await dataOf(read(cursor));
    yield* page.items;
    cursor = (page.next_cursor as C | null) ?? undefined;
  } while (cursor !== undefined);
}
