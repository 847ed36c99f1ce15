import { credentialsOf, lecternUrl } from "../../../../lib/lectern";

/** The endpoints that the page uses. All other requests are refused. */
const ALLOWED = [
  /^GET chat\/sessions$/,
  /^GET documents\/[\w-]+\/(versions\/\w+\/)?(file|pages\/\d+\/image)$/,
  /^GET lectures\/[\w-]+\/transcript(\/view)?$/,
  /^POST chat\/messages\/[\w-]+\/feedback$/,
];
const SENT = ["accept", "content-type", "if-none-match", "if-range", "range"];
const RETURNED = [
  ...["accept-ranges", "cache-control", "content-disposition", "content-length", "content-range"],
  ...["content-security-policy", "content-type", "etag", "x-content-type-options"],
];
const TIMEOUT_MS = 60_000;

/** Passes a request on to Lectern with the credentials of the user, so that browsers need none. */
async function pass(request: Request): Promise<Response> {
  const { pathname, search } = new URL(request.url);
  const path = pathname.slice("/api/lectern/".length);
  if (!ALLOWED.some((allowed) => allowed.test(`${request.method} ${path}`))) {
    return new Response("Not found", { status: 404 });
  }
  const sent = pick(request.headers, SENT);
  for (const [name, value] of Object.entries(credentialsOf(request))) sent.set(name, value);
  const signal = AbortSignal.any([request.signal, AbortSignal.timeout(TIMEOUT_MS)]);
  const body = request.method === "POST" ? await request.text() : null;
  const response = await fetch(lecternUrl(`/api/${path}${search}`), {
    method: request.method,
    headers: sent,
    body,
    signal,
  }).catch(() => new Response("Lectern does not answer", { status: 502 }));
  const { status } = response;
  return new Response(response.body, { status, headers: pick(response.headers, RETURNED) });
}

function pick(headers: Headers, names: string[]): Headers {
  const picked = new Headers();
  for (const name of names) {
    const value = headers.get(name);
    if (value !== null) picked.set(name, value);
  }
  return picked;
}

export { pass as GET, pass as POST };
