/** An open source: a page of a document, or a moment of a lecture in milliseconds. */
export type SourcePlace =
  | { kind: "document"; id: string; page: number }
  | { kind: "lecture"; id: string; ms: number };

/** The place that the address names. It has everything that can be shared or reached with Back. */
export type Route =
  | { view: "course"; course?: string; thread?: string; source?: SourcePlace }
  | { view: "search"; query: string };

const PATH = /^#\/c\/([^/?]+)(?:\/t\/([^/?]+))?(?:\?(.*))?$/;
const ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Reads `#/c/{course}/t/{thread}?s=document:{id}:{page}` or `#/search?q=…`; anything else is the start. */
export function parseRoute(hash: string): Route {
  const [, search] = /^#\/search(?:\?(.*))?$/.exec(hash) ? [0, hash.split("?")[1] ?? ""] : [];
  if (search !== undefined) {
    return { view: "search", query: new URLSearchParams(search).get("q") ?? "" };
  }
  const [, course, thread, query = ""] = PATH.exec(hash) ?? [];
  if (!course || !ID.test(course)) return { view: "course" };
  const source = parsePlace(new URLSearchParams(query).get("s") ?? "");
  return {
    view: "course",
    course,
    ...(thread && ID.test(thread) && { thread }),
    ...(source && { source }),
  };
}

function parsePlace(text: string): SourcePlace | undefined {
  const [kind, id = "", number] = text.split(":");
  const at = Number(number);
  if (!ID.test(id) || !Number.isSafeInteger(at) || at < 0) return undefined;
  if (kind === "document" && at > 0) return { kind, id, page: at };
  return kind === "lecture" ? { kind, id, ms: at } : undefined;
}

export function formatRoute(route: Route): string {
  if (route.view === "search") {
    return `#/search${route.query ? `?${new URLSearchParams({ q: route.query })}` : ""}`;
  }
  const { course, thread, source } = route;
  if (!course) return "#/";
  const place = source && formatPlace(source);
  return `#/c/${course}${thread ? `/t/${thread}` : ""}${place ? `?s=${place}` : ""}`;
}

export const formatPlace = (place: SourcePlace): string =>
  `${place.kind}:${place.id}:${place.kind === "document" ? place.page : place.ms}`;
