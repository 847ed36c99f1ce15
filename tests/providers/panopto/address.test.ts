import { describe, expect, test } from "bun:test";
import { parsePanoptoUrl, toViewerUrl } from "../../../src/providers/panopto/address";

const ID = "4d2b8f0e-3a57-4c3e-9d7b-b0a100d2f3c4";
const SITE = "https://uni.hosted.panopto.com";
const address = { origin: SITE, host: "uni.hosted.panopto.com", session_id: ID };

describe("parsePanoptoUrl", () => {
  test.each([
    `${SITE}/Panopto/Pages/Viewer.aspx?id=${ID}`,
    `${SITE}/Panopto/Pages/Embed.aspx?id=${ID}&autoplay=false`,
    `${SITE}/Panopto/Pages/Viewer/Default.aspx?id=${ID}`,
    `${SITE}/Panopto/Pages/Viewer.aspx?randomparam=1&Id=${ID}&advance=true&start=90.5`,
    `${SITE}/panopto/pages/viewer.aspx?ID=${ID.toUpperCase()}`,
    `${SITE}/Panopto/Pages/Viewer.aspx?pid=11111111-1111-4111-8111-111111111111&id=${ID}`,
    `${SITE}/Panopto/Podcast/Download/${ID}.mp4?mediaTargetType=audioPodcast`,
    `${SITE}/Panopto/Podcast/Syndication/${ID}.mp4`,
    `${SITE}/Panopto/Podcast/Social/${ID}.mp4?mediaTargetType=videoPodcast`,
    `${SITE}/Panopto/Podcast/Embed/${ID}`,
    `${SITE}/Panopto/Pages/Viewer.aspx?id=${ID}%20`,
    `  ${SITE}:443/Panopto/Pages/Viewer.aspx?id=${ID}#top\n`,
  ])("%s", (text) => expect(parsePanoptoUrl(text)).toEqual(address));

  test("keeps the port of a development site", () => {
    expect(parsePanoptoUrl(`http://127.0.0.1:4000/Panopto/Pages/Viewer.aspx?id=${ID}`)).toEqual({
      origin: "http://127.0.0.1:4000",
      host: "127.0.0.1:4000",
      session_id: ID,
    });
  });

  test.each([
    ["a folder", `${SITE}/Panopto/Pages/Sessions/List.aspx#folderID="${ID}"`],
    ["a folder", `${SITE}/Panopto/Pages/EmbeddedList.aspx?embedded=1#folderID="${ID}"`],
    ["a folder", `${SITE}/Panopto/Podcast/Podcast.ashx?courseid=${ID}&type=mp4`],
    ["a playlist", `${SITE}/Panopto/Pages/Viewer.aspx?pid=${ID}`],
  ])("%s is no recording: %s", (names, text) => {
    const failure = { errorCode: "panopto_url_not_a_session", details: { names } };
    expect(() => parsePanoptoUrl(text)).toThrow(expect.objectContaining(failure));
  });

  test.each([
    "not an address",
    `ftp://uni.panopto.com/Panopto/Pages/Viewer.aspx?id=${ID}`,
    `javascript:Viewer.aspx?id=${ID}`,
    `${SITE}/Panopto/Pages/Viewer.aspx?id=12345`,
    `${SITE}/Panopto/Pages/Viewer.aspx`,
    `${SITE}/Panopto/Pages/BrowserNotSupported.aspx?continue=true`,
    `${SITE}/somewhere/else?id=${ID}`,
    `${SITE}/Panopto/Podcast/Download/${ID.slice(1)}.mp4`,
    `https://name:password@uni.hosted.panopto.com/Panopto/Pages/Viewer.aspx?id=${ID}`,
    `https:\\\\uni.hosted.panopto.com\\Panopto\\Pages\\Viewer.aspx?id=${ID}`,
    `https://uni.hosted\t.panopto.com/Panopto/Pages/Viewer.aspx?id=${ID}`,
  ])("refuses %s", (text) => {
    const failure = { errorCode: "panopto_url_invalid" };
    expect(() => parsePanoptoUrl(text)).toThrow(expect.objectContaining(failure));
  });
});

describe("toViewerUrl", () => {
  test("opens the viewer at the second, and is read back as the same recording", () => {
    const url = toViewerUrl(address, 92_700);

    expect(url).toBe(`${SITE}/Panopto/Pages/Viewer.aspx?id=${ID}&start=92`);
    expect(parsePanoptoUrl(url)).toEqual(address);
  });
});
