import { expect, test } from "bun:test";
import { AppError } from "../../../src/errors";
import {
  parseCollectionUrl,
  readFeed,
  readFolderPage,
  toCollectionUrl,
} from "../../../src/providers/panopto/collection";

const ID = "3f2504e0-4f89-41d3-9a0c-0305e82c3301";
const SESSION = "8f14e45f-ceea-467f-a9d6-12f1b6a7c111";
const SITE = "https://uni.hosted.panopto.com";
const folder = {
  kind: "folder" as const,
  origin: SITE,
  host: "uni.hosted.panopto.com",
  folder_id: ID,
};
const feed = { ...folder, kind: "feed" as const };
const codeOf = (run: () => unknown): string | undefined => {
  try {
    run();
  } catch (error) {
    return error instanceof AppError ? error.errorCode : String(error);
  }
};

test.each([
  [`${SITE}/Panopto/Pages/Sessions/List.aspx#folderID="${ID}"`, "folder"],
  [`${SITE}/Panopto/Pages/Sessions/List.aspx#folderID=%22${ID.toUpperCase()}%22&view=1`, "folder"],
  [`${SITE}/Panopto/Pages/Sessions/List.aspx?folderID=${ID}`, "folder"],
  [`${SITE}/Panopto/Pages/Sessions/EmbeddedList.aspx?embedded=1#folderID=%22${ID}%22`, "folder"],
  [`${SITE}/Panopto/Podcast/Podcast.ashx?courseid=${ID}&type=mp4`, "feed"],
  [`feed:${SITE}/Panopto/Podcast/Podcast.ashx?type=mp3&courseid=${ID}`, "feed"],
  [`feed://uni.hosted.panopto.com/Panopto/Podcast/Podcast.ashx?courseid=${ID}`, "feed"],
  [`itpc://uni.hosted.panopto.com/Panopto/Podcast/Podcast.ashx?courseID=${ID}`, "feed"],
])("%s is read as a %s", (url, kind) => {
  const address = parseCollectionUrl(` ${url}\n`);
  expect(address).toEqual({ ...folder, kind: kind as "folder" });
  expect(parseCollectionUrl(toCollectionUrl(address))).toEqual(address);
});

test.each([
  "",
  "folder",
  `${SITE}/Panopto/Pages/Viewer.aspx?id=${ID}`,
  `${SITE}/Panopto/Pages/Sessions/List.aspx`,
  `${SITE}/Panopto/Pages/Sessions/List.aspx#folderID=1`,
  `${SITE}/Panopto/Podcast/Podcast.ashx`,
  `https://user:pass@uni.hosted.panopto.com/Panopto/Podcast/Podcast.ashx?courseid=${ID}`,
  `javascript:alert("${ID}")`,
  `file:///Panopto/Podcast/Podcast.ashx?courseid=${ID}`,
])("%p is no collection", (url) => {
  expect(codeOf(() => parseCollectionUrl(url))).toBe("panopto_collection_invalid");
});

test("a page of a folder keeps its recordings although other entries are odd", () => {
  const good = { DeliveryID: SESSION.toUpperCase(), SessionName: " Week 1 ", Duration: 61.5 };
  const Results = [good, null, 7, { DeliveryID: null, SessionName: "A playlist" }];
  const odd = { DeliveryID: ID, SessionName: 5, Duration: "long", StartTime: "/Date(x)/" };
  const page = readFolderPage(
    JSON.stringify({ d: { Results: [...Results, odd], TotalNumber: 9 } }),
    folder,
  );
  expect(page).toMatchObject({ entries: 5, total: 9 });
  expect(page.recordings).toEqual([
    {
      session_id: SESSION,
      url: `${SITE}/Panopto/Pages/Viewer.aspx?id=${SESSION}`,
      title: "Week 1",
      duration_ms: 61_500,
      recorded_at: null,
    },
    {
      session_id: ID,
      url: `${SITE}/Panopto/Pages/Viewer.aspx?id=${ID}`,
      title: null,
      duration_ms: null,
      recorded_at: null,
    },
  ]);
});

test.each(["", "{}", '{"d": null}', "<html>", "null"])("%p is no list of a folder", (text) => {
  expect(codeOf(() => readFolderPage(text, folder))).toBe("panopto_collection_unreadable");
});

const rss = (items: string) => `<?xml version="1.0"?><rss><channel>${items}</channel></rss>`;

test("a feed has each recording once, with times in all forms, and none of other sites", () => {
  const media = (host: string) =>
    `https://${host}/Panopto/Podcast/Syndication/${SESSION}.mp4?a=1&amp;b=2`;
  const item = (host: string, duration: string) =>
    `<item><title><![CDATA[A & B]]></title><enclosure url="${media(host)}"/>
     <itunes:duration>${duration}</itunes:duration><pubDate>Thu, 01 Oct 2026 08:00:00 GMT</pubDate></item>`;
  const twice = item(folder.host, "1:02:03") + item(folder.host, "1:02:03");
  expect(readFeed(rss(`${twice}${item("evil.example", "5")}<item/>`), feed)).toEqual([
    {
      session_id: SESSION,
      url: `${SITE}/Panopto/Pages/Viewer.aspx?id=${SESSION}`,
      title: "A & B",
      duration_ms: 3_723_000,
      recorded_at: "2026-10-01T08:00:00.000Z",
    },
  ]);
  expect(readFeed(rss(item(folder.host, "soon")), feed)[0]!.duration_ms).toBeNull();
  expect(readFeed(rss(""), feed)).toEqual([]);
});

test.each([
  ["nothing", ""],
  ["a page", "<html><body>Login</body></html>"],
  [
    "a feed with entities",
    '<!DOCTYPE rss [<!ENTITY a "aaaa">]><rss><channel><item/></channel></rss>',
  ],
])("%s is no feed", (_, text) => {
  expect(codeOf(() => readFeed(text, feed))).toBe("panopto_collection_unreadable");
});
