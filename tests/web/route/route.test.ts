import { expect, test } from "bun:test";
import { formatRoute, parseRoute, type Route } from "../../../web/route/route";

const A = "3f2504e0-4f89-41d3-9a0c-0305e82c3301";
const B = "9b2d6a4e-1c3f-4b5a-8d7e-6f5a4b3c2d1e";

const ROUTES: Route[] = [
  { view: "course" },
  { view: "course", course: A },
  { view: "course", course: A, thread: B },
  { view: "course", course: A, thread: B, source: { kind: "document", id: B, page: 4 } },
  { view: "course", course: A, source: { kind: "lecture", id: B, ms: 0 } },
  { view: "search", query: "" },
  { view: "search", query: "what? & why=#1" },
];

test.each(ROUTES)("an address names its route: %j", (route) => {
  expect(parseRoute(formatRoute(route))).toEqual(route);
});

test.each([
  ["#/c/none", { view: "course" }],
  ["#key=abc", { view: "course" }],
  [`#/c/${A}/t/x?s=document:${B}:0`, { view: "course", course: A }],
  [`#/c/${A}?s=lecture:../x:5`, { view: "course", course: A }],
  [`#/c/${A}?s=lecture:${B}:-5`, { view: "course", course: A }],
])("%s keeps only what is valid", (hash, route) => {
  expect(parseRoute(hash)).toEqual(route as Route);
});
