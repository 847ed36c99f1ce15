const { LECTERN_URL = "http://localhost:8080", LECTERN_API_KEY } = process.env;

/** The cookie with the user's token of your institution's login. Your login sets it. */
const TOKEN_COOKIE = "lectern_token";
/** The cookie that names a visitor without a login; `proxy.ts` sets it. */
export const VISITOR_COOKIE = "lectern_visitor";

/** The address of an endpoint of Lectern. */
export const lecternUrl = (path: string): string => `${LECTERN_URL.replace(/\/$/, "")}${path}`;

/**
 * The credentials of a browser's request, for a request to Lectern: the user's own token, or else the
 * key of this site with the visitor's name. Each visitor gets conversations of their own.
 */
export function credentialsOf({ headers }: { headers: Headers }): Record<string, string> {
  const cookies = new Map(
    (headers.get("cookie") ?? "").split(/;\s*/).map((pair) => {
      const [name = "", ...value] = pair.split("=");
      return [name, value.join("=")] as const;
    }),
  );
  const token = cookies.get(TOKEN_COOKIE);
  if (token) return { authorization: `Bearer ${token}` };
  if (!LECTERN_API_KEY) return {};
  const visitor = cookies.get(VISITOR_COOKIE);
  return {
    authorization: `Bearer ${LECTERN_API_KEY}`,
    ...(visitor && { "x-user-id": visitor }),
  };
}
