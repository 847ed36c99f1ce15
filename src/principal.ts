export const SCOPES = ["read", "ingest", "chat", "admin"] as const;

/**
 * read: courses, assets and retrieval. ingest: add, change and delete them. chat: questions and
 * conversations. admin: everything, with the keys and metrics.
 */
export type AccessScope = (typeof SCOPES)[number];

/** The sender of a request, and its permissions. */
export type Principal = {
  /**
   * open: no key is required on this server. key: an API key. user: a token of the institution's login.
   * link: a share link. signed: a signed address, which opens one file. anonymous: no credential; only public routes answer.
   */
  kind: "open" | "key" | "user" | "link" | "signed" | "anonymous";
  scopes: readonly AccessScope[];
  /** The only courses that exist for this principal; null for all courses. */
  course_ids: readonly string[] | null;
  /**
   * The row in `users` that owns new conversations. Of a token's user, of a share link, or the user that
   * the holder of a key names in `X-User-Id`.
   */
  user_id: string | null;
  /** The public part of the API key; null for other kinds. */
  key_id: string | null;
  /** Requests a minute that the key can make in all; null for the limits of the settings. */
  rate_per_minute: number | null;
};

export const OPEN: Principal = {
  kind: "open",
  scopes: SCOPES,
  course_ids: null,
  user_id: null,
  key_id: null,
  rate_per_minute: null,
};

export const ANONYMOUS: Principal = {
  kind: "anonymous",
  scopes: [],
  course_ids: [],
  user_id: null,
  key_id: null,
  rate_per_minute: null,
};

export const hasScope = ({ scopes }: Principal, scope: AccessScope): boolean =>
  scopes.includes(scope) || scopes.includes("admin");

export const canReachCourse = ({ course_ids }: Principal, course_id: string): boolean =>
  course_ids === null || course_ids.includes(course_id.toLowerCase());

/** A name of the principal that is stable and unique, for limits and for stored responses. */
export const principalName = ({ kind, key_id, user_id }: Principal): string =>
  `${kind}:${key_id ?? user_id ?? ""}`;

/** Of conversations: all, those of one user, or those without a user (null). */
export type ConversationOwner = "all" | (string & {}) | null;

/**
 * The conversations of its courses that a principal can read and change. Users have their own. A key has
 * those of the user that it names in `X-User-Id`, and without a name those without a user. Administrators
 * who name no user have all.
 */
export function ownConversations(principal: Principal): ConversationOwner {
  const isAdmin = hasScope(principal, "admin");
  if (principal.kind === "user" && isAdmin) return "all";
  return principal.user_id ?? (isAdmin ? "all" : null);
}

/** The assets and pages of a course that a caller sees. */
export type Viewer = {
  /** The owners of visible personal material: all owners, one user, or none (null). */
  owner: "all" | (string & {}) | null;
  /** Also assets and pages before their release. */
  seesUnreleased: boolean;
};

export const SEES_ALL: Viewer = { owner: "all", seesUnreleased: true };

/**
 * Admins see everything. Teachers see everything except the personal material of others. Other people see
 * released and their own material.
 *
 * @param asStudent limits teachers and admins to the view of students
 */
export function toViewer(principal: Principal, asStudent = false): Viewer {
  if (asStudent) return { owner: null, seesUnreleased: false };
  if (hasScope(principal, "admin")) return SEES_ALL;
  // The user of a key is the caller's claim and grants no access.
  const owner = principal.kind === "user" ? principal.user_id : null;
  return { owner, seesUnreleased: hasScope(principal, "ingest") };
}
