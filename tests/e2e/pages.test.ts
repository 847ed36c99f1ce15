// One engine: the subject is the page in a browser.
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { findBarriers, noBrowser, openPage } from "../support/browser";
import { get, postFile, postJson } from "../support/http";
import { startOidc } from "../support/oidc";
import { deckPdf } from "../support/pdfs";
import { openServerHost, type Server, settled } from "../support/server";
import { eventually } from "../support/waiting";

setDefaultTimeout(120_000);

const DECK = Bun.file(join(import.meta.dir, "../../examples/course/slides.pdf"));

describe.skipIf(noBrowser)("in a browser", () => {
  let server: Server;
  const closing = new AsyncDisposableStack();
  beforeAll(async () => {
    server = await closing.use(await openServerHost()).start();
    await server.json(postJson("/api/courses", { name: "An empty course" }));
    const course = await server.json(postJson("/api/courses", { name: "Information theory" }));
    const file = { name: "slides.pdf", bytes: await DECK.bytes() };
    const fields = { course_id: course.id, title: "Slides of the first lecture" };
    const { document_id } = await server.json(postFile("/api/documents/upload", fields, file));
    await settled(server, document_id);
  });
  afterAll(() => closing.disposeAsync());

  test("/swagger shows every operation without a request to another server", async () => {
    await using browser = await openPage();
    const { page, hosts, errors } = browser;
    const document = await server.json("/swagger/json");
    const operations = Object.values(document.paths as Record<string, object>).flatMap((path) =>
      Object.keys(path),
    );

    await page.goto(`${server.url}/swagger`);
    await page.locator(".opblock").first().waitFor();
    await page.getByText("/api/retrieval/query", { exact: true }).click();
    await page.getByText("Find the passages of a course").first().waitFor();

    expect(await page.locator(".opblock").count()).toBe(operations.length);
    expect([...hosts]).toEqual(["127.0.0.1"]);
    expect(errors).toEqual([]);
    expect(await page.locator(".errors-wrapper").count()).toBe(0);
  });

  test("/ag-ui and /swagger take a key where the server asks for one", async () => {
    await using host = await openServerHost();
    await using oidc = await startOidc();
    const key = "a-key-of-the-operator-0123456789-abcdef";
    const guarded = await host.start({
      BOOTSTRAP_API_KEY: key,
      WORKERS: "0",
      OIDC_ISSUER: oidc.issuer,
      OIDC_AUDIENCE: "lectern",
    });
    await using browser = await openPage({ width: 1280, height: 900 });
    const { page } = browser;

    await page.goto(`${guarded.url}/ag-ui`);
    await page.getByText("This server asks for a key.").waitFor();
    await page.getByLabel("Key").fill("wrong");
    await page.keyboard.press("Enter");
    await page.getByText("The server did not accept this key.").waitFor();
    expect(await findBarriers(page)).toEqual([]);
    // A key that was copied from a message can have invisible characters.
    await page.getByLabel("Key").fill(`\u200b${key} `);
    await page.keyboard.press("Enter");
    await page.getByText("Make your first course").waitFor();
    expect(await page.locator("#sign-in").isVisible()).toBeFalse();
    await page.getByLabel("Name of the course").fill("Entropy");
    const folder = "https://uni.hosted.panopto.com/Panopto/Pages/Sessions/List.aspx#folderID=a";
    await page.getByLabel(/one in each line/).fill(folder);
    await page.getByRole("button", { name: "Create course" }).click();
    await page.getByText("No sources yet.").waitFor();
    // A folder is shown before it is imported.
    await page.locator(".import .address", { hasText: folder }).waitFor();

    // A student sees their conversations on every device, and no controls of teachers.
    const token = await oidc.token({ scope: "read chat" });
    const [course] = (await guarded.json(get("/api/courses", { authorization: `Bearer ${key}` })))
      .items;
    const question = { course_id: course.id, message: "Asked on the phone" };
    await guarded.json(postJson("/api/chat", question, { authorization: `Bearer ${token}` }));
    await page.evaluate((held) => sessionStorage.setItem("lectern-key", held), token);
    await page.reload();
    await page.getByRole("button", { name: "Asked on the phone", exact: true }).click();
    await page.getByRole("heading", { name: "Asked on the phone" }).waitFor();
    expect(await page.getByText("Add sources").count()).toBe(0);
    expect(await page.getByRole("button", { name: "New course" }).count()).toBe(0);
    // A question is kept while the page asks for another key.
    await page.evaluate(() => sessionStorage.setItem("lectern-key", "withdrawn"));
    await page.getByLabel("Question", { exact: true }).fill("Is it kept?");
    await page.keyboard.press("Enter");
    await page.getByLabel("Key").fill(key);
    await page.keyboard.press("Enter");
    await page.locator("#question").waitFor();
    expect(await page.locator("#question").inputValue()).toBe("Is it kept?");

    await page.goto(`${guarded.url}/swagger`);
    await page.getByRole("button", { name: "Authorize" }).waitFor();
  });

  test("/ag-ui answers a question with citations that lead to the page of the PDF", async () => {
    await using browser = await openPage();
    const { page, hosts, errors } = browser;

    await page.goto(`${server.url}/ag-ui`);
    await page.getByLabel("Course", { exact: true }).selectOption({ label: "Information theory" });
    await page.getByLabel("Question", { exact: true }).fill("What is entropy?");
    await page.keyboard.press("Enter");
    const sources = page.locator("ol.sources a");
    await sources.first().waitFor();
    const links = await sources.evaluateAll((all) =>
      all.map((link) => (link as HTMLAnchorElement).href),
    );

    expect(await page.locator("h2.user").textContent()).toBe("What is entropy?");
    expect(await page.locator(".answer").textContent()).toMatch(/entropy/i);
    expect(await sources.first().textContent()).toContain("Slides of the first lecture, page");
    for (const link of links) {
      const response = await fetch(link);
      expect(new URL(link).hash).toMatch(/^#page=\d+$/);
      expect(response.headers.get("content-type")).toBe("application/pdf");
    }
    await sources.first().press("Enter");
    const panel = page.locator("aside.panel[tabindex]");
    await panel.and(page.locator(":focus")).waitFor();
    await page.keyboard.press("Escape");
    await panel.waitFor({ state: "detached" });
    expect(await sources.first().evaluate((one) => one === document.activeElement)).toBe(true);
    await sources.first().click();
    const image = page.locator(".panel img.page");
    await image.waitFor();
    expect(
      await image.evaluate((img: HTMLImageElement) => img.decode().then(() => img.naturalWidth)),
    ).toBeGreaterThan(500);
    expect(page.url()).toMatch(/\?s=document:[0-9a-f-]{36}:\d+$/);
    await page.emulateMedia({ media: "print" });
    expect((await page.locator(".conversation").boundingBox())!.width).toBeGreaterThan(900);
    await page.emulateMedia({ media: null });
    // An address of a page beyond the last one shows the last one.
    const address = page.url();
    await page.evaluate((to) => location.replace(to), address.replace(/\d+$/, "9999"));
    await page.getByText(/^Page (\d+) of \1$/).waitFor();
    await page.goBack();
    await page.locator(".panel").waitFor({ state: "detached" });
    expect(await page.locator("h2.user").textContent()).toBe("What is entropy?");
    const [tab] = await Promise.all([
      page.context().waitForEvent("page"),
      sources.first().click({ modifiers: ["Control"] }),
    ]);
    expect(tab.url() === "about:blank" || links.includes(tab.url())).toBe(true);
    expect([...hosts]).toEqual(["127.0.0.1"]);
    // The page beyond the last one.
    expect(errors.filter((one) => !one.includes("404"))).toEqual([]);
  });

  test("/ag-ui shows that the material of an earlier answer was replaced", async () => {
    const { id: course_id } = await server.json(
      postJson("/api/courses", { name: "Material that changes" }),
    );
    const old = { name: "old.pdf", bytes: await DECK.bytes() };
    const upload = postFile("/api/documents/upload", { course_id }, old);
    const { document_id } = await server.json(upload);
    await settled(server, document_id);
    await using browser = await openPage();
    const { page, errors } = browser;
    await page.goto(`${server.url}/ag-ui`);
    await page
      .getByLabel("Course", { exact: true })
      .selectOption({ label: "Material that changes" });
    await page.getByLabel("Question", { exact: true }).fill("What is entropy?");
    await page.keyboard.press("Enter");
    await page.locator("ol.sources a").first().waitFor();
    expect(await page.locator("ol.sources .replaced").count()).toBe(0);

    const next = { name: "new.pdf", bytes: await deckPdf([{ title: "Entropy", body: ["Bits"] }]) };
    await server.json(postFile(`/api/documents/${document_id}/versions`, {}, next));
    await eventually(
      () => server.json(`/api/documents/${document_id}/versions`),
      ({ items }) => items[0].filename === "new.pdf" && items[0].status === "current",
    );
    await page.evaluate(() => window.dispatchEvent(new Event("focus")));
    await page.locator("ol.sources .replaced").first().waitFor();

    const sources = page.locator("ol.sources li");
    expect(await sources.first().textContent()).toContain("from a former version");
    expect(await page.locator("ol.sources .replaced").count()).toBe(await sources.count());
    expect(errors).toEqual([]);
  });

  test("/ag-ui begins a new conversation with another course, and shows a phone where to add sources", async () => {
    await using browser = await openPage();
    const { page } = browser;

    await page.goto(`${server.url}/ag-ui`);
    await page.getByLabel("Course", { exact: true }).selectOption({ label: "Information theory" });
    // The title of a slide that is a question.
    await page.locator("main .suggestions", { hasText: "What is entropy, and how" }).waitFor();
    // A conversation without a question is no missing one after a reload.
    await page.reload();
    await page.locator("main .suggestions").waitFor();
    expect(await page.locator(".problem").count()).toBe(0);
    await page.getByLabel("Question", { exact: true }).fill("A draft");
    await page.getByRole("button", { name: "Search all courses" }).click();
    await page.getByRole("button", { name: "Back to the course" }).click();
    await page.locator("#question").waitFor();
    expect(await page.locator("#question").inputValue()).toBe("A draft");
    expect(await page.locator("#course option:checked").textContent()).toBe("Information theory");
    await page.getByLabel("Question", { exact: true }).fill("What is entropy?");
    await page.getByRole("button", { name: "Ask", exact: true }).click();
    await page.locator("ol.sources a").first().waitFor();
    const last = await page.evaluate(async () => {
      const course = location.hash.split("/")[2];
      const { items } = await (await fetch(`../api/documents?course_id=${course}`)).json();
      location.hash += `?s=document:${items[0].id}:999`;
      return items[0].page_count;
    });
    await page.getByText(`Page ${last} of ${last}`).waitFor();
    await page.goBack();
    await page.evaluate(() => {
      location.hash = `#/c/${crypto.randomUUID()}`;
    });
    await page.getByText("This course does not exist").waitFor();
    await page.goBack();
    await page.getByLabel("Course", { exact: true }).selectOption({ label: "An empty course" });
    expect(await page.locator(".user").count()).toBe(0);

    await page.getByLabel("Question", { exact: true }).fill("What is entropy?");
    await page.keyboard.press("Enter");
    await page.locator(".answer").filter({ hasText: /\w/ }).waitFor();
    expect(await page.locator("ol.sources a").count()).toBe(0);

    await page.setViewportSize({ width: 360, height: 740 });
    await page.reload();
    await page.getByText("No sources yet.").waitFor();
    expect(await page.getByText("Drop slides").isVisible()).toBe(true);
    await page.keyboard.press("Escape");
    await page.getByText("No sources yet.").waitFor({ state: "hidden" });
    expect(
      await page.locator("button.menu").evaluate((one) => one === document.activeElement),
    ).toBe(true);
  });

  test("/ag-ui works without storage, and keeps the conversation when a part cannot be loaded", async () => {
    await using browser = await openPage();
    const { page } = browser;
    await page.addInitScript(() => {
      for (const name of ["localStorage", "sessionStorage"]) {
        Object.defineProperty(window, name, {
          get: () => {
            throw new DOMException("forbidden", "SecurityError");
          },
        });
      }
      const refused = new DOMException("forbidden", "NotAllowedError");
      const clipboard = { writeText: () => Promise.reject(refused) };
      Object.defineProperty(navigator, "clipboard", { value: clipboard });
    });
    await page.route("**/source-panel-*.js", (route) => route.abort());

    await page.goto(`${server.url}/ag-ui`);
    await page.getByLabel("Course", { exact: true }).selectOption({ label: "Information theory" });
    await page.getByLabel("Question", { exact: true }).fill("What is entropy?");
    await page.keyboard.press("Enter");
    await page.locator("ol.sources a").first().click();
    await page.getByText("This part of the page cannot be shown.").waitFor();
    await page.getByRole("button", { name: "Copy", exact: true }).click();
    await page.getByRole("button", { name: "Copied", exact: true }).waitFor();
    expect(await page.locator("h2.user").textContent()).toBe("What is entropy?");
    const staysAfterDrop = page.evaluate(() => {
      const dataTransfer = new DataTransfer();
      dataTransfer.items.add(new File(["%PDF-"], "missed.pdf"));
      const event = new DragEvent("drop", { dataTransfer, bubbles: true, cancelable: true });
      return !document.body.dispatchEvent(event);
    });
    expect(await staysAfterDrop).toBe(true);

    // A deletion that a proxy refuses.
    await page.clock.install();
    await page.route("**/api/documents/*", (route) =>
      route.request().method() === "DELETE"
        ? route.fulfill({ status: 502, contentType: "text/html", body: "<h1>Bad gateway</h1>" })
        : route.continue(),
    );
    await page.getByRole("button", { name: "☰ Sources" }).click();
    // The browser asks before it loses an upload.
    await page.route("**/api/documents/upload", () => {});
    const slow = { name: "slow.pdf", mimeType: "application/pdf", buffer: Buffer.from("%PDF-") };
    await page.locator("input[type=file]").first().setInputFiles(slow);
    await page.getByText("slow.pdf").waitFor();
    const asked = page.waitForEvent("dialog");
    void page.reload().catch(() => {});
    const dialog = await asked;
    expect(dialog.type()).toBe("beforeunload");
    await dialog.dismiss();
    await page.getByText("slow.pdf").waitFor();
    await page.getByRole("button", { name: "Cancel: slow.pdf" }).click();

    await page.getByRole("button", { name: "More: Slides of the first lecture" }).click();
    await page.getByRole("button", { name: "Delete", exact: true }).click();
    await page.getByText("is deleted in a moment").waitFor();
    await page.clock.fastForward(9_000);
    await page.getByText("was not deleted. The server is busy or restarting.").waitFor();
    await page.getByRole("button", { name: "More: Slides of the first lecture" }).waitFor();

    // The page waits for its German titles: a question can fail before a slow connection has loaded them.
    await page.route("**/german-problems-*.js", async (route) => {
      await Bun.sleep(500);
      await route.continue();
    });
    await page.getByRole("button", { name: "Settings" }).click();
    await page.getByRole("button", { name: "Deutsch" }).click();
    await page.locator("html[lang=de]").waitFor({ state: "attached" });
    // The server's own titles are English.
    await page.route("**/api/chat/stream", (route) =>
      route.fulfill({
        status: 503,
        contentType: "application/problem+json",
        body: JSON.stringify({ code: "database_unavailable", title: "The database is away" }),
      }),
    );
    await page.getByLabel("Frage", { exact: true }).fill("Was ist Entropie?");
    await page.keyboard.press("Enter");
    await page.getByText("Die Datenbank ist nicht erreichbar").waitFor();
  });

  test("/ag-ui shows a conversation again after a reload, and under its own address", async () => {
    await using browser = await openPage();
    const { page, errors } = browser;
    await page.goto(`${server.url}/ag-ui`);
    await page.getByLabel("Course", { exact: true }).selectOption({ label: "Information theory" });
    await page.getByLabel("Question", { exact: true }).fill("What is entropy?");
    await page.keyboard.press("Enter");
    await page.locator("ol.sources a").first().waitFor();
    const titles = await page.locator("ol.sources a").allTextContents();
    const address = page.url();

    await page.reload();
    await page.locator("ol.sources a").first().waitFor();

    expect(page.url()).toBe(address);
    expect(address).toMatch(/#\/c\/[0-9a-f-]{36}\/t\/[0-9a-f-]{36}$/);
    expect(await page.locator("h2.user").allTextContents()).toEqual(["What is entropy?"]);
    expect(await page.locator("ol.sources a").allTextContents()).toEqual(titles);
    await page.getByRole("button", { name: "Ask again" }).click();
    await page.locator(".exchange[aria-labelledby]").waitFor();
    await page.locator("ol.sources a").first().waitFor();
    await page.reload();
    await page.locator("ol.sources a").first().waitFor();
    expect(await page.locator("h2.user").allTextContents()).toEqual(["What is entropy?"]);
    expect(errors).toEqual([]);
  });

  test("a teacher makes the sample course, renames, links, rates, and undoes a deletion", async () => {
    await using browser = await openPage({ width: 1280, height: 900 });
    const { page, errors, hosts } = browser;
    await page.goto(`${server.url}/ag-ui`);
    await page.getByRole("button", { name: "New course" }).click();
    await page.getByRole("button", { name: "Try the sample course" }).click();
    await page.locator(".asset.completed").nth(1).waitFor({ timeout: 60_000 });
    expect(await page.locator("#course option:checked").textContent()).toContain("(sample)");
    const row = (name: string) => page.locator(".asset").filter({ hasText: name });

    await page.getByRole("button", { name: "More: Slides", exact: true }).click();
    const rename = row("Slides").getByRole("button", { name: "Rename" });
    await rename.click();
    await page.getByLabel("New title").press("Escape");
    await page.getByLabel("New title").waitFor({ state: "detached" });
    expect(await rename.evaluate((one) => one === document.activeElement)).toBe(true);
    await rename.click();
    await page.getByLabel("New title").fill("Deck of week 1");
    await page.keyboard.press("Enter");
    await row("Deck of week 1").waitFor();
    await row("Deck of week 1").getByRole("button", { name: "Cost" }).click();
    await page.getByText("Nothing was paid so far.").waitFor();
    expect(await findBarriers(page)).toEqual([]);

    await page.getByRole("button", { name: "More: Lecture 1" }).click();
    await row("Lecture 1").getByRole("button", { name: "Slides of this lecture" }).click();
    const deck = page.getByRole("checkbox", { name: "Deck of week 1" });
    await deck.waitFor();
    const wasUsed = await deck.isChecked();
    await deck.click();
    await page.getByRole("button", { name: "Choose automatically again" }).waitFor();
    expect(await deck.isChecked()).toBe(!wasUsed);

    await page.getByLabel("Upload audio or a transcript instead").setInputFiles({
      name: "corrected.vtt",
      mimeType: "text/vtt",
      buffer: Buffer.from("WEBVTT\n\n00:01.000 --> 00:04.000\nZebras have stripes.\n"),
    });
    const { items: lectures } = await server.json("/api/lectures?limit=1");
    await eventually(
      () => server.json(`/api/lectures/${lectures[0].id}`),
      ({ excerpt }) => excerpt === "Zebras have stripes.",
    );

    await page.getByText("Add sources").click();
    await page.getByLabel("Choose files").setInputFiles({
      name: "notes.docx",
      mimeType: "application/msword",
      buffer: Buffer.from("no slides"),
    });
    await page.getByText(/^Only PDF, audio and transcripts .* can be added\.$/).waitFor();
    await page.getByLabel(/one in each line/).fill("https://example.org/a\nhttps://example.org/b");
    await page.getByRole("button", { name: "Add addresses" }).click();
    await page.locator(".uploads .problem").nth(1).waitFor();
    expect(await findBarriers(page)).toEqual([]);

    await row("Lecture 1").getByRole("button", { name: "Delete" }).click();
    await page.getByText("is deleted in a moment").waitFor();
    expect(await row("Lecture 1").count()).toBe(0);
    expect(await page.locator(":focus").textContent()).toBe("Sources");
    await page.getByRole("button", { name: "+ New conversation" }).click();
    await page.getByRole("button", { name: "Undo" }).click();
    await row("Lecture 1").waitFor();

    await page.getByLabel("Question", { exact: true }).fill("What is entropy?");
    await page.keyboard.press("Enter");
    await page.getByRole("button", { name: "Not helpful" }).click();
    await page.getByRole("button", { name: "Something is missing" }).click();
    await page.locator(".reasons [aria-pressed=true]").waitFor();
    expect(await findBarriers(page)).toEqual([]);
    const course_id = /#\/c\/([^/]+)/.exec(page.url())![1];
    const { items } = await server.json(`/api/courses/${course_id}/feedback`);
    expect(items).toMatchObject([{ rating: "down", reason: "incomplete" }]);

    await page.getByRole("button", { name: "Rename: What is entropy?" }).click();
    await page.getByLabel("New title").fill("Entropy, week 1");
    await page.keyboard.press("Enter");
    await page.getByRole("button", { name: "Entropy, week 1", exact: true }).waitFor();
    // Another browser with the same rights does not show it until the reader asks.
    await page.evaluate(() => localStorage.clear());
    await page.reload();
    await page.getByRole("button", { name: "Show conversations of other browsers" }).click();
    await page.getByRole("button", { name: "Entropy, week 1", exact: true }).waitFor();
    await page.getByRole("button", { name: "Delete: Entropy, week 1" }).click();
    await page
      .getByRole("button", { name: "Entropy, week 1", exact: true })
      .waitFor({ state: "detached" });
    const sessions = await server.json(`/api/chat/sessions?course_id=${course_id}`);
    expect(sessions.items).toEqual([]);
    expect([...hosts]).toEqual(["127.0.0.1"]);
    // The refused addresses.
    expect(errors.filter((one) => !one.includes("422"))).toEqual([]);
  });

  test("/ag-ui says so when the server goes away", async () => {
    await using host = await openServerHost();
    const doomed = await host.start();
    await doomed.json(postJson("/api/courses", { name: "Short-lived" }));
    await using browser = await openPage({ width: 400, height: 700 });
    const { page } = browser;

    await page.goto(`${doomed.url}/ag-ui`);
    await page.getByLabel("Course", { exact: true }).selectOption({ label: "Short-lived" });
    await doomed.stop("SIGKILL");
    await page.getByLabel("Question", { exact: true }).fill("Are you there?");
    await page.keyboard.press("Enter");
    await page.locator(".exchange .problem").waitFor();
    expect(await findBarriers(page)).toEqual([]);

    expect(await page.locator(".exchange .problem").textContent()).toContain(
      "The server cannot be reached",
    );
    expect(await page.getByRole("button", { name: "Ask", exact: true }).isEnabled()).toBe(true);
    expect(await page.getByLabel("Question", { exact: true }).inputValue()).toBe("Are you there?");
  });

  // The last test of this server: after its first key, it asks everyone for one.
  test("a share link opens the chat and the sources of its course, until it is withdrawn", async () => {
    const { items } = await server.json("/api/courses");
    const course_id = items.find(({ name }: { name: string }) => name === "Information theory").id;
    const fields = { name: "admin", scopes: ["admin"] };
    const { key } = await server.json(postJson("/api/keys", fields));
    const admin = { authorization: `Bearer ${key}` };
    const share = () => server.json(postJson("/api/share-links", { course_id }, admin));
    const withdraw = (key_id: string) =>
      fetch(`${server.url}/api/share-links/${key_id}`, { method: "DELETE", headers: admin });
    const link = await share();
    await using browser = await openPage();
    const { page, hosts, errors } = browser;
    const ask = async (text: string) => {
      await page.getByLabel("Question", { exact: true }).fill(text);
      await page.keyboard.press("Enter");
    };

    await page.goto(link.url);
    await page.locator("#course option").first().waitFor({ state: "attached" });
    expect(await page.locator("#course option").allTextContents()).toEqual(["Information theory"]);
    // The secret is in neither the address bar nor the history.
    expect(page.url()).not.toContain("key");
    await ask("What is entropy?");
    const source = page.locator("ol.sources a").first();
    await source.waitFor();
    const isUnsigned = await fetch(await source.evaluate((one) => (one as HTMLAnchorElement).href));
    expect(isUnsigned.status).toBe(401);
    const signed = page
      .context()
      .waitForEvent("request", (sent) => /\/file\b.*sig=/.test(sent.url()));
    await source.click();
    await page.locator(".panel img.page").waitFor();
    expect(await findBarriers(page)).toEqual([]);
    await page.getByRole("button", { name: "Open the file" }).click();
    const opened = await signed;
    const file = await fetch(opened.url());
    expect(opened.headers().authorization).toBeUndefined();
    expect([file.status, file.headers.get("content-type")]).toEqual([200, "application/pdf"]);
    // A visitor has no stored conversation to open or export.
    expect(await page.getByRole("button", { name: "Export" }).count()).toBe(0);
    expect(await page.locator(".threads li").count()).toBe(0);
    expect([...hosts]).toEqual(["127.0.0.1"]);
    expect(errors).toEqual([]);

    await withdraw(link.key_id);
    await ask("What is a bit?");
    await page
      .getByText(
        "This link has expired or was withdrawn. Ask the person who gave it to you for a new one.",
      )
      .waitFor();
    await page.reload();
    await page.getByText("This link has expired or was withdrawn.").waitFor();
    expect(await page.locator("#sign-in").isVisible()).toBe(true);

    // A new link in the same tab changes only the fragment of the address.
    const next = await share();
    await page.goto(next.url);
    await page.locator("#course option").first().waitFor({ state: "attached" });
    await ask("What is entropy?");
    await page.locator("ol.sources a").first().waitFor();
  });
});
