import { expect } from "bun:test";
import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { connect } from "../../src/db/client";
import {
  type Asset,
  type Drill,
  expectGood,
  isLong,
  openDrill,
  uniqueDeck,
} from "../support/drill";
import { postFile, postJson } from "../support/http";
import { seededRandom } from "../support/random";
import { eventually } from "../support/waiting";

/** Stops the server as an operator does, while it works. */
export async function stopServer(): Promise<void> {
  await using drill = await openDrill("SIGTERM rounds");
  drill.speech.polls.readyAfterMs = 500;
  drill.pages.paceMs = 400;
  const uploading = drill.upload(
    isLong ? { decks: 12, pagesEach: 40, lectures: 12 } : { decks: 2, pagesEach: 8, lectures: 1 },
  );
  const exits: (number | null)[] = [];
  for (let round = 0; round < (isLong ? 12 : 1); round++) {
    await drill.nextAnswer();
    await Bun.sleep(Math.random() * 500);
    exits.push(await drill.restart("SIGTERM"));
  }
  await uploading;

  expectGood(await drill.report());
  expect(exits.filter((code) => code !== 0)).toEqual([]);
  expect(await handedOver(drill)).toEqual([]);
}

/** Jobs whose claim had to expire, although their server was asked to stop. */
async function handedOver({ server }: Drill): Promise<unknown[]> {
  const db = connect(server.databaseUrl, { max: 1 });
  const jobs = await db`
    select kind, asset_id, log from jobs where log @> '[{"outcome": "lost"}]' or interruptions > 0`;
  await db.end({ timeout: 1 });
  return [...jobs];
}

/** Users who delete, cancel, retry and replace at any moment. */
export async function changeAtRandom(): Promise<void> {
  await using drill = await openDrill("random edits");
  drill.pages.paceMs = 50;
  const random = seededRandom(20_260_126);
  await drill.upload(
    isLong ? { decks: 24, pagesEach: 6, lectures: 24 } : { decks: 4, pagesEach: 3, lectures: 3 },
  );
  const all = [...drill.accepted];
  const deleted: Asset[] = [];
  const statuses: number[] = [];
  /** Checksums of the newest version, by document. */
  const newest = new Map<string, string>();
  let pages = all.reduce((sum, asset) => sum + asset.pages, 0);
  const send = async (request: Request) => {
    const response = await drill.server.send(request);
    statuses.push(response.status);
    return response;
  };

  for (const asset of random.list(isLong ? 60 : 10, () => random.pick(all))) {
    await Bun.sleep(random.integer(0, 300));
    drill.noteDisturbance({ endsCalls: true });
    const path = `/api/${asset.kind}/${asset.id}`;
    if (random.chance(0.3) && !deleted.includes(asset)) {
      await send(new Request(`http://localhost${path}`, { method: "DELETE" }));
      deleted.push(asset);
    } else if (asset.kind === "lectures" && random.chance(0.3)) {
      await send(replacementTranscript(path));
    } else if (asset.kind === "documents" && random.chance(0.5)) {
      const deck = await uniqueDeck(asset.pages);
      const answer = await send(postFile(`${path}/versions`, {}, deck));
      if (!answer.ok) continue; // deleted
      newest.set(asset.id, Bun.SHA256.hash(deck.bytes, "hex"));
      pages += asset.pages;
    } else {
      newest.delete(asset.id);
      await send(postJson(`${path}/cancel`, {}));
      await send(postJson(`${path}/retry`, {}));
    }
  }
  drill.forget(deleted);

  const report = await drill.report();

  expect(report).toMatchObject({ lost: [], failed: [], duplicated: [] });
  const { bought, in_flight } = report;
  expect(bought.pages).toBeLessThanOrEqual(pages + in_flight.pages);
  const lectures = all.filter(({ kind }) => kind === "lectures").length;
  expect(bought.lectures).toBeLessThanOrEqual(lectures + in_flight.lectures);
  expect(statuses.filter((status) => status >= 500)).toEqual([]);
  for (const asset of drill.accepted.filter(({ id }) => newest.has(id))) {
    expect((await drill.find(asset)).sha256).toBe(newest.get(asset.id));
  }
  expect(await remainsOf(drill, deleted)).toEqual([]);
  await eventually(
    () => drill.scratch(),
    (names) => names.length === 0,
  );
}

const replacementTranscript = (path: string) =>
  new Request(`http://localhost${path}/transcript`, {
    method: "PUT",
    headers: { "content-type": "text/vtt" },
    body: "WEBVTT\n\n00:00.000 --> 00:04.000\nEntropy measures missing information.\n",
  });

/** Rows, files and addresses of deleted assets that are still there. */
async function remainsOf(drill: Drill, deleted: Asset[]): Promise<string[]> {
  const ids = deleted.map(({ id }) => id);
  const db = connect(drill.server.databaseUrl, { max: 1 });
  const rows = await db<{ remains: string }[]>`
    select 'document ' || document_id as remains from slide_chunks where document_id = any(${ids}::uuid[])
    union all select 'page ' || document_id from slide_descriptions where document_id = any(${ids}::uuid[])
    union all select 'lecture ' || lecture_id from lecture_chunks where lecture_id = any(${ids}::uuid[])
    union all select 'transcript ' || lecture_id from lecture_transcripts where lecture_id = any(${ids}::uuid[])
    union all select 'job ' || asset_id from jobs
              where asset_id = any(${ids}::uuid[]) and job_state not in ('completed', 'failed')`;
  await db.end();
  const answers = await Promise.all(deleted.map((asset) => drill.find(asset)));
  const folder = join(drill.server.dataRoot, "documents");
  const files = existsSync(folder) ? await readdir(folder, { recursive: true }) : [];
  return [
    ...rows.map(({ remains }) => remains),
    ...answers.filter(({ status }) => status !== "missing").map(({ id }) => `answer ${id}`),
    ...files.filter((file) => ids.some((id) => file.includes(id))),
  ];
}
