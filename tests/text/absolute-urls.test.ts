import { expect, test } from "bun:test";
import { toAbsoluteUrl, withAbsoluteUrls } from "../../src/text/absolute-urls";

test("paths get the public address with its path, and other addresses stay", () => {
  const base = "https://uni.example/lectern";
  expect(toAbsoluteUrl("/api/documents/1/file#page=2", base)).toBe(
    "https://uni.example/lectern/api/documents/1/file#page=2",
  );
  expect(toAbsoluteUrl("https://panopto.example/?id=1", base)).toBe(
    "https://panopto.example/?id=1",
  );
  expect(toAbsoluteUrl("//other.example/x", base)).toBe("//other.example/x");
});

test("only the links of citations change, at any depth, and the value itself stays", () => {
  const citation = { asset_id: "a", url: "/api/documents/a/file", quote: "/api/x" };
  const value = { list: [{ citations: [citation] }], url: "/api/other", none: null };
  expect(withAbsoluteUrls(value, "http://h")).toEqual({
    list: [{ citations: [{ ...citation, url: "http://h/api/documents/a/file" }] }],
    url: "/api/other",
    none: null,
  });
  expect(citation.url).toBe("/api/documents/a/file");
  expect(withAbsoluteUrls({ asset_id: "a", url: null }, "http://h").url).toBeNull();
});

test("a value without citations is returned without a copy", () => {
  const event = { type: "RUN_STARTED", metadata: { url: "/api/other", references: [] } };
  expect(withAbsoluteUrls(event, "http://h")).toBe(event);
});

test("the links of a citation's slide and moments change too", () => {
  const slide = { document_id: "d", confidence: 1, url: "/api/documents/d/file" };
  const moments = [{ lecture_id: "l", confidence: 1, url: "/api/lectures/l/transcript/view" }];
  expect(withAbsoluteUrls({ asset_id: "a", url: null, slide, moments }, "http://h")).toEqual({
    asset_id: "a",
    url: null,
    slide: { ...slide, url: "http://h/api/documents/d/file" },
    moments: [{ ...moments[0]!, url: "http://h/api/lectures/l/transcript/view" }],
  });
});
