import type { AnyElysia } from "elysia";
import Memoirist from "memoirist";
import { z } from "zod";
import { findOwner } from "../../db/access/owners";
import type { Sql } from "../../db/client";
import { AppError, type ErrorCode } from "../../errors";
import {
  ANONYMOUS,
  canReachCourse,
  hasScope,
  ownConversations,
  type Principal,
  SEES_ALL,
  toViewer,
  type Viewer,
} from "../../principal";
import { REQUIREMENTS, type Requirement, UNLISTED } from "./auth-requirements";
import {
  type AuthDeps,
  type Authenticated,
  identifyNamedUser,
  openAuthenticator,
} from "./authenticate";
import { openUrlSigner } from "./url-signer";

type GuardDeps = AuthDeps & {
  db: Sql;
  config: AuthDeps["config"] & QuestionSettings;
};

/** The results of the guard for a request, and the route that it checked. */
type Admission = Sender & { route: string };

/** Who sends a request, and what that sender sees. */
type Sender = Authenticated & { viewer: Viewer };

const ADMISSIONS = new WeakMap<Request, Admission>();

/** The route and the sender of a request, also of one that the guard refuses. */
type Identified = { route: string | null; principal: Principal };

const IDENTIFIED = new WeakMap<Request, Identified>();

/** The sender as far as it is known: anonymous if the credential is refused. For the audit. */
export const identifiedSender = (request: Request): Identified =>
  ADMISSIONS.get(request) ?? IDENTIFIED.get(request) ?? { route: null, principal: ANONYMOUS };

/** The sender of a request that the guard has admitted. */
export const principalOf = (request: Request): Principal =>
  ADMISSIONS.get(request)?.principal ?? ANONYMOUS;

/** The route that the guard has admitted a request to, such as `GET /api/courses/:id`. */
export const admittedRoute = (request: Request): string | undefined =>
  ADMISSIONS.get(request)?.route;

/**
 * The sender's view of a course. With `?as=student` in the address teachers and admins see what students
 * see.
 */
export const viewerOf = (request: Request): Viewer =>
  ADMISSIONS.get(request)?.viewer ?? toViewer(ANONYMOUS);

const isAsStudent = ({ url }: Request) =>
  url.includes("?") && new URL(url).searchParams.get("as") === "student";

/** Aborted with an AppError when the sender's key is revoked or the token expires. */
export const credentialEnd = (request: Request): AbortSignal =>
  ADMISSIONS.get(request)?.ended() ?? NEVER();

/** Aborted when the client disconnects, or with an AppError when its key is revoked or the token expires. */
export const requestEnd = (request: Request): AbortSignal =>
  AbortSignal.any([request.signal, credentialEnd(request)]);

/**
 * For a course named in a body or a form.
 *
 * @throws AppError `course_not_found` if it is outside the courses of the sender
 */
export function requireCourse(request: Request, course_id: string): void {
  if (!canReachCourse(principalOf(request), course_id)) throw new AppError("course_not_found");
}

/** @throws AppError `forbidden` if the sender lacks the scope admin */
export function requireAdmin(request: Request): void {
  if (!hasScope(principalOf(request), "admin")) throw new AppError("forbidden", { scope: "admin" });
}

const NOT_FOUND = {
  course: "course_not_found",
  lecture: "lecture_not_found",
  document: "document_not_found",
  session: "session_not_found",
  message: "message_not_found",
} satisfies Record<string, ErrorCode>;

const Id = z.guid();

/**
 * Checks every request before its body is read: who sends it, whether the scope allows the route, and
 * whether the named course, asset or conversation exists for the sender. It covers all routes of the app,
 * also those that are registered after it.
 */
export const guard = (deps: GuardDeps) => (app: AnyElysia) => {
  const authenticate = openAuthenticator(deps);
  const signer = openUrlSigner(deps.db);
  let router: Memoirist<string> | undefined;

  const admit = async (request: Request, route: string, params: Record<string, string>) => {
    const requirement = REQUIREMENTS[route] ?? UNLISTED;
    IDENTIFIED.set(request, { route, principal: ANONYMOUS });
    const identified = await toSender(request, requirement);
    IDENTIFIED.set(request, { route, principal: identified.principal });
    requireScope(identified.principal, requirement);
    refuseForeignQuery(identified.principal, request);
    const sender = {
      ...identified,
      principal: await withNamedUser(request, requirement, identified),
    };
    if (requirement.id) await refuseForeignId(deps, sender, request, requirement.id, params);
    ADMISSIONS.set(request, { ...sender, route });
  };

  /** The holder of a key can ask for a user. */
  const withNamedUser = async (
    request: Request,
    { scope }: Requirement,
    { principal }: Sender,
  ): Promise<Principal> => {
    if (scope !== "chat" || principal.kind === "user" || principal.kind === "link")
      return principal;
    return { ...principal, user_id: await identifyNamedUser(request, deps.users) };
  };

  /** A signed address is its own credential, unless the request has another one. */
  const toSender = async (request: Request, requirement: Requirement): Promise<Sender> => {
    if (requirement.signable && isSigned(request)) {
      const viewer = await signer.verify(pathOf(request.url), new URL(request.url).searchParams);
      return { principal: SIGNED, ended: NEVER, viewer };
    }
    const sender = await identify(request, requirement);
    return { ...sender, viewer: toViewer(sender.principal, isAsStudent(request)) };
  };

  /** Public routes answer every caller, also with a bad key and without the database. */
  const identify = (request: Request, { scope, identifies }: Requirement) => {
    const anonymous = { principal: ANONYMOUS, ended: NEVER };
    if (scope !== null) return authenticate(request);
    if (!identifies) return anonymous;
    const late = Bun.sleep(IDENTIFY_MS).then(() => anonymous);
    return Promise.race([authenticate(request).catch(() => anonymous), late]);
  };

  return app
    .onRequest(async ({ request }) => {
      if (request.method === "OPTIONS") return; // preflights have no credentials
      router ??= toRouter(app.routes);
      const method = request.method === "HEAD" ? "GET" : request.method;
      const found = router.find(method, pathOf(request.url));
      // Without a route the answer is 404 or 405.
      if (found) await admit(request, found.store, found.params);
    })
    .onTransform({ as: "global" }, ({ request, route }) => {
      // Elysia and the guard must agree on the route; else the request was checked for another one.
      const admitted = ADMISSIONS.get(request)?.route.replace(/^\S+ /, "");
      if (request.method !== "OPTIONS" && admitted !== normalized(route)) {
        throw new AppError("forbidden", { message: "This address could not be checked" });
      }
    });
};

/** Health checks must not wait longer for a database that does not respond. */
const IDENTIFY_MS = 2_000;
const NEVER = () => new AbortController().signal;

function toRouter(routes: { method: string; path: string }[]): Memoirist<string> {
  const router = new Memoirist<string>({ onParam: decoded });
  for (const { method, path } of routes) {
    const route = `${method} ${normalized(path)}`;
    router.add(method, normalized(path), route);
    // Elysia ignores a slash at the end.
    if (!/[/*]$/.test(normalized(path))) router.add(method, `${normalized(path)}/`, route);
  }
  return router;
}

/** As Elysia does; a malformed escape stays as it is, and no id has one. */
function decoded(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}

const normalized = (path: string) => (path.length > 1 ? path.replace(/\/$/, "") : path);

/** The path as Elysia routes it: everything between the host and the query, undecoded. */
function pathOf(url: string): string {
  const start = url.indexOf("/", url.indexOf("://") + 3);
  const end = url.indexOf("?", start);
  return start === -1 ? "/" : url.slice(start, end === -1 ? undefined : end);
}

function requireScope(principal: Principal, { scope, allCourses, noLinks }: Requirement): void {
  if (scope === null) return;
  if (noLinks && principal.kind === "link") {
    throw new AppError("forbidden", {
      message: "A share link only answers questions about its course",
    });
  }
  if (principal.kind === "anonymous") throw new AppError("unauthenticated", { missing: true });
  if (!hasScope(principal, scope)) throw new AppError("forbidden", { scope });
  if (allCourses && principal.course_ids !== null) {
    throw new AppError("forbidden", { message: "This key or token is limited to its courses" });
  }
}

/** Checks all values of a repeated parameter, because servers use different ones of them. */
function refuseForeignQuery(principal: Principal, request: Request): void {
  if (principal.course_ids === null || !request.url.includes("?")) return;
  const named = new URL(request.url).searchParams.getAll("course_id");
  if (!named.every((id) => canReachCourse(principal, id))) throw new AppError("course_not_found");
}

async function refuseForeignId(
  { db, config }: GuardDeps,
  { principal, viewer }: Sender,
  request: Request,
  kind: keyof typeof NOT_FOUND,
  { id = "" }: Record<string, string>,
): Promise<void> {
  const isConversation = kind === "session" || kind === "message";
  const conversations = isConversation ? ownConversations(principal) : "all";
  const isAsset = kind === "lecture" || kind === "document";
  const seesAll = !isAsset || viewer === SEES_ALL;
  if (principal.course_ids === null && conversations === "all" && seesAll) return;
  const notFound = new AppError(NOT_FOUND[kind]);
  if (!Id.safeParse(id).success) throw notFound;
  if (kind === "course") {
    if (!canReachCourse(principal, id)) throw notFound;
    return;
  }
  const owner = await findOwner(db, kind, id, viewer);
  if (!owner || !canReachCourse(principal, owner.course_id)) throw notFound;
  const isOwn = conversations === "all" || owner.user_id === conversations;
  const canWatch = isReading(request) && seesQuestions(principal, config);
  if (!isOwn && !canWatch) throw notFound;
}

const SIGNED: Principal = { ...ANONYMOUS, kind: "signed", scopes: ["read"], course_ids: null };

const isSigned = ({ url, headers }: Request) =>
  /[?&]sig=/.test(url) && !headers.has("authorization") && !headers.has("x-api-key");

const isReading = ({ method }: Request) => method === "GET" || method === "HEAD";

export type QuestionSettings = { TEACHERS_SEE_QUESTIONS: boolean };

/** Teachers can read the conversations of their courses if the setting allows it. */
export const seesQuestions = (
  principal: Principal,
  { TEACHERS_SEE_QUESTIONS }: QuestionSettings,
): boolean => TEACHERS_SEE_QUESTIONS && hasScope(principal, "ingest");
