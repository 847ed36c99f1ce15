import { z } from "zod";
import { AppError } from "../../errors";
import { hasScope } from "../../principal";
import { principalOf } from "./auth";
import { Id, Title } from "./schemas";

/** PostgreSQL has no year 0. */
const FIRST_MOMENT = Date.parse("0001-01-01T00:00:00Z");
/** ISO 8601 writes later years with a sign, which most clients cannot read. */
const LAST_MOMENT = Date.parse("9999-12-31T23:59:59.999Z");

/** A time with its offset from UTC, as in ISO 8601. */
export const Moment = z.iso
  .datetime({ offset: true })
  .refine((time) => Date.parse(time) >= FIRST_MOMENT, "must not be before the year 1")
  .refine((time) => Date.parse(time) <= LAST_MOMENT, "must not be after the year 9999 in UTC");

export const OwnerId = z
  .union([z.literal("me"), Id])
  .describe(
    "Makes it personal material, which only this user and admins see. `me`: the user of the token",
  );

const PageNumber = z.int().min(1).max(1_000_000);

export const PageRelease = z
  .object({ page_from: PageNumber, page_to: PageNumber, visible_from: z.string() })
  .describe("Students see these pages, both ends included, from this time on");

const PageReleaseChange = z
  .strictObject({ page_from: PageNumber, page_to: PageNumber, visible_from: Moment })
  .refine(({ page_from, page_to }) => page_from <= page_to, {
    path: ["page_to"],
    message: "must not be less than page_from",
  });
const PageReleases = z.array(PageReleaseChange).max(500);

export const VisibleFrom = Moment.optional().describe(
  "Students see it from this time on; unset: at once",
);

export const LectureChange = z.strictObject({
  title: Title.optional(),
  visible_from: Moment.nullable()
    .optional()
    .describe("Students see it from this time on; null: at once"),
  owner_id: OwnerId.nullable().optional(),
});

export const DocumentChange = LectureChange.extend({
  page_releases: PageReleases.optional().describe(
    "Replaces all ranges of pages that are released later, such as sample solutions",
  ),
});

/** `page_releases` as a field of a form: JSON in a text. */
export const PageReleasesField = z
  .string()
  .transform((text, context) => {
    try {
      return JSON.parse(text) as unknown;
    } catch {
      context.addIssue({ code: "custom", message: "must be JSON: a list of ranges of pages" });
      return z.NEVER;
    }
  })
  .pipe(PageReleases)
  .optional()
  .describe(
    "Ranges of pages that students see later, such as sample solutions, as JSON: " +
      '`[{"page_from": 3, "page_to": 5, "visible_from": "2027-01-15T08:00:00Z"}]`',
  );

/**
 * The id of the owner that a request names; undefined for a request without one.
 *
 * @throws AppError `forbidden` if a user without the scope admin names another user, `request_invalid` for
 *   `me` without a user
 */
export function toOwnerId(request: Request, named: string): string;
export function toOwnerId(request: Request, named: string | undefined): string | undefined;
export function toOwnerId(request: Request, named: string | undefined): string | undefined {
  if (named === undefined) return undefined;
  const principal = principalOf(request);
  const own = principal.kind === "user" ? principal.user_id : null;
  if (named === "me") {
    if (own !== null) return own;
    const fields = [
      { path: "owner_id", message: "only the token of a user has a `me`: send an id" },
    ];
    throw new AppError("request_invalid", { fields });
  }
  const isOther = principal.kind === "user" && named !== own;
  if (isOther && !hasScope(principal, "admin")) throw new AppError("forbidden", { scope: "admin" });
  return named;
}
