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
    // Copied from a page's source
    `${SITE}/Panopto/Pages/Viewer.aspx?pid=${ID.replace("4", "5")}&amp;id=${ID}&amp;start=90`,
    `${SITE}/Panopto/Pages/Viewer.aspx?advance=true&amp;amp;id=${ID}`,
    // Share → Embed
    `<iframe src="${SITE}/Panopto/Pages/Embed.aspx?id=${ID}&autoplay=false&offerviewer=true&showtitle=true" height="405"\n width="720" style="border: 1px solid #464646;" allowfullscreen allow="autoplay"></iframe>`,
    `<iframe src='//uni.hosted.panopto.com/Panopto/Pages/Embed.aspx?id=${ID}&amp;autoplay=false'></iframe>`,
    // Login redirects
    `${SITE}/Panopto/Pages/Auth/Login.aspx?ReturnUrl=%2FPanopto%2FPages%2FViewer.aspx%3Fid%3D${ID}`,
    `${SITE}/Panopto/Pages/Auth/Login.aspx?instance=Moodle&AllowBounce=true&ReturnUrl=${encodeURIComponent(`${SITE}/Panopto/Pages/Viewer.aspx?id=${ID}`)}`,
    `https://sso.uni.example/idp?target=${encodeURIComponent(encodeURIComponent(`${SITE}/Panopto/Pages/Viewer.aspx?id=${ID}`))}`,
    // Links in mails
    `https://eur01.safelinks.protection.outlook.com/?url=${encodeURIComponent(`${SITE}/Panopto/Pages/Viewer.aspx?id=${ID}`)}&amp;data=05%7C02%7C&amp;reserved=0`,
    `https://urldefense.com/v3/__${SITE}/Panopto/Pages/Viewer.aspx?id=${ID}__;!!abc$`,
    `https://urldefense.proofpoint.com/v2/url?u=https-3A__uni.hosted.panopto.com_Panopto_Pages_Viewer.aspx-3Fid-3D${ID.replaceAll("-", "-2D")}&d=DwMFaQ&c=abc`,
    `https://www.google.com/url?q=${SITE}/Panopto/Pages/Viewer.aspx?id%3D${ID}&sa=D`,
    // LTI
    `${SITE}/Panopto/LTI/LTI.aspx?custom_context_delivery=${ID}&custom_x=1`,
    `${SITE}/Panopto/BasicLTI/BasicLTILanding.aspx?custom_delivery_id=${ID}`,
    `https://canvas.uni.example/courses/1/external_tools/retrieve?display=borderless&url=${encodeURIComponent(`${SITE}/Panopto/LTI/LTI.aspx?custom_context_delivery=${ID}`)}`,
    // Without a scheme, in brackets, in Markdown, in a sentence
    `uni.hosted.panopto.com/Panopto/Pages/Viewer.aspx?id=${ID}`,
    `//uni.hosted.panopto.com/Panopto/Pages/Viewer.aspx?id=${ID}`,
    `<${SITE}/Panopto/Pages/Viewer.aspx?id=${ID}>`,
    `(${SITE}/Panopto/Pages/Viewer.aspx?id=${ID}).`,
    `[Lecture 3](${SITE}/Panopto/Pages/Viewer.aspx?id=${ID})`,
    `[${SITE}/Panopto/Pages/Viewer.aspx?id=${ID}](${SITE}/Panopto/Pages/Viewer.aspx?id=${ID})`,
    `The lecture is at ${SITE}/Panopto/Pages/Viewer.aspx?id=${ID}, see week 3.`,
    `"${SITE}/Panopto/Pages/Viewer.aspx?id=${ID}"`,
    `${SITE}/Panopto/Pages/Viewer.aspx?id=${ID}?start=90`,
    `${SITE}/Panopto/Pages/Viewer.aspx?start=12.5&id=%7B${ID}%7D`,
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
    [
      "a folder",
      `${SITE}/Panopto/Pages/Auth/Login.aspx?ReturnUrl=%2FPanopto%2FPages%2FSessions%2FList.aspx`,
    ],
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
    `uni.hosted\t.panopto.com\\Panopto/Pages/Viewer.aspx?id=${ID}`,
    `https://a.example/?u=${encodeURIComponent(`https://name:pw@uni.panopto.com/Panopto/Pages/Viewer.aspx?id=${ID}`)}`,
    `https://a.example/?u=%2FPages%2FViewer.aspx%3Fid%3D${ID}`,
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
