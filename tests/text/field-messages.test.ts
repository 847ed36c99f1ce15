import { expect, test } from "bun:test";
import { z } from "zod";
import { toFieldProblems } from "../../src/errors";
import { PageQuery, Time, Title } from "../../src/routes/http/schemas";
import { toGermanMessage } from "../../web/text/german-field-messages";

const MESSAGES: [schema: z.ZodType, value: unknown, english: string, german: string][] = [
  [z.string(), undefined, "is missing", "fehlt"],
  [z.string(), 7, "must be text", "muss ein Text sein"],
  [z.number(), "7", "must be a number", "muss eine Zahl sein"],
  [PageQuery.shape.limit, ["1", "2"], "must be a number", "muss eine Zahl sein"],
  [PageQuery.shape.limit, "1.5", "must be a whole number", "muss eine ganze Zahl sein"],
  [PageQuery.shape.limit, "0", "must be at least 1", "muss mindestens 1 sein"],
  [PageQuery.shape.limit, "201", "must be at most 200", "darf höchstens 200 sein"],
  [z.number().positive(), 0, "must be more than 0", "muss größer als 0 sein"],
  [z.array(z.string()), {}, "must be a list", "muss eine Liste sein"],
  [z.object({}), [], "must be an object", "muss ein Objekt sein"],
  [z.boolean(), "x", "must be true or false", "muss true oder false sein"],
  [z.stringbool(), "x", "must be true or false", "muss true oder false sein"],
  [Title, " \u200B ", "must not be empty", "darf nicht leer sein"],
  [Title, "x".repeat(301), "must have at most 300 characters", "darf höchstens 300 Zeichen haben"],
  [z.array(z.int()).max(1), [1, 2], "must have at most 1 item", "darf höchstens 1 Einträge haben"],
  [z.guid(), "7", "must be an id (a UUID)", "muss eine ID (UUID) sein"],
  [
    Time,
    "yesterday",
    "must be a time such as 2026-01-31T12:00:00Z",
    "muss eine Zeit wie 2026-01-31T12:00:00Z sein",
  ],
  [z.enum(["a", "b", "c"]), "d", 'must be "a", "b" or "c"', 'muss "a", "b" oder "c" sein'],
  [z.literal("a"), "d", 'must be "a"', 'muss "a" sein'],
  [
    z.discriminatedUnion("kind", [
      z.object({ kind: z.literal("a") }),
      z.object({ kind: z.literal("b") }),
    ]),
    { kind: "c" },
    'must be "a" or "b"',
    'muss "a" oder "b" sein',
  ],
  [
    z.string().or(z.int()),
    [],
    "must be text, or must be a number",
    "muss ein Text sein, oder muss eine Zahl sein",
  ],
];

test.each(MESSAGES)(
  "%# a wrong value has one message, also in German",
  (schema, value, english, german) => {
    const { error } = z.object({ field: schema }).safeParse({ field: value });
    expect(toFieldProblems(error!)).toMatchObject([{ message: english }]);
    expect(toGermanMessage(english)).toBe(german);
  },
);

test("an unknown message stays as it is", () => {
  expect(toGermanMessage("name either `url` or `urls`")).toBe("name either `url` or `urls`");
});
