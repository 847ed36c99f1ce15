import { describe, expect, test } from "bun:test";
import { isCopyFromClient, readListen, splitStatements } from "../../../src/db/embedded/statements";

describe("COPY FROM STDIN", () => {
  const found = (sql: string) => splitStatements(sql).some(isCopyFromClient);

  test.each([
    "copy t from stdin",
    "COPY public.t (a, b) FROM STDIN WITH (format csv)",
    'copy "odd ""name" ("a)b", c) from stdin',
    "copy binary t from stdin",
    "copy t from stdout",
    "copy t(a)from/* now */stdin",
    "select 1; -- then\n copy t from stdin; select 2",
    "/* a /* nested */ comment */ copy t from stdin",
    "select E'it\\'s; '; copy t from stdin",
    "do $x$ begin end $x$; copy t from stdin",
  ])("is recognised in: %s", (sql) => expect(found(sql)).toBe(true));

  test.each([
    "insert into t values ('x; copy t from stdin')",
    "insert into t values (E'it\\'s; copy t from stdin')",
    "do $$ begin raise notice '; copy t from stdin'; end $$",
    "do $a$ select $b$; copy t from stdin; $b$ $a$",
    "select 1 -- ; copy t from stdin",
    "select 1 /* ; /* */ copy t from stdin; */",
    "copy t to stdout",
    "copy (select a from stdin) to stdout",
    'copy "t from stdin" to stdout',
    'select 1 as "x; copy t from stdin"',
    "copy t from '/tmp/stdin'",
    "select copy from stdin",
  ])("is not seen in: %s", (sql) => expect(found(sql)).toBe(false));
});

describe("LISTEN and UNLISTEN", () => {
  test.each([
    ["listen Work", { listen: "work" }],
    ['LISTEN "My ""Channel"', { listen: 'My "Channel' }],
    ['listen"x"', { listen: "x" }],
    ["unlisten work", { unlisten: "work" }],
    ["unlisten *", { unlisten: "*" }],
    ["select 'listen work'", {}],
    ["listeners", {}],
  ])("%s", (sql, expected) => expect(splitStatements(sql).map(readListen)).toEqual([expected]));
});

test("statements are cut at semicolons outside of names, literals and comments", () => {
  expect(splitStatements(`select 'a;b'; select "c;d"; -- e;f\n;select $$g;h$$, a$b; `)).toEqual([
    "select",
    'select "c;d"',
    "select  , a$b",
  ]);
});
