/**
 * The cost of chat, side by side: `bun bench/chat/run.ts [server …]`
 *
 * The servers are Lectern, Lectern without its fast path for text, a hand-written relay, and a Mastra
 * agent behind `@ag-ui/mastra`. Each runs in its own process in front of the same scripted model. CPU
 * time counts the server's process only. An event is one token of text in the stream.
 */
import { type Figure, isQuick, publish } from "../figures";
import { describeMachine, quantile, residentBytes, round, toTable } from "../lib";
import { ask, drain, readUntil } from "./client";
import {
  cpuSeconds,
  ENVIRONMENT,
  type Peer,
  startLectern,
  startMastra,
  startScript,
} from "./servers";
import type { Pace } from "./upstream";

const REPLY_TOKENS = 2_000;
const BURST_SECONDS = isQuick ? 1.5 : 3;
const CROWD = 400;
const CROWD_PACE: Pace = { tokens: isQuick ? 250 : 500, paceMs: 20 };
const FIRST_TEXT_ROUNDS = isQuick ? 40 : 100;
const ABORTS = isQuick ? 8 : 20;
const GIVE_UP_MS = 2_000;
/** The first text of an answer, as an event of either form or as the model's own frame. */
const FIRST_TEXT = /"TEXT_MESSAGE_(?:CONTENT|CHUNK)".*"delta":"The |"content":"The /;

type Figures = {
  eventsPerCpuSecond: number;
  firstTextMs: number;
  crowdMs: number;
  crowdEventsPerCpuSecond: number;
  megabytesPerStream: number;
  abortMs: number;
};

const upstream = await startScript("model", "upstream.ts");
const modelUrl = `${upstream.url}v1`;
const model: Peer = { ...upstream, url: `${modelUrl}/chat/completions` };
const setPace = (pace: Pace) =>
  fetch(`${upstream.url}pace`, { method: "PUT", body: JSON.stringify(pace) });

async function measure(peer: Peer): Promise<Figures> {
  await warmUp(peer);
  const eventsPerCpuSecond = await measureBurst(peer);
  const firstTextMs = await measureFirstText(peer);
  const abortMs = await measureAbort(peer);
  const crowd = await measureCrowd(peer);
  return { eventsPerCpuSecond, firstTextMs, abortMs, ...crowd };
}

/** Also checks that the whole answer arrives, event by event. */
async function warmUp(peer: Peer): Promise<void> {
  await setPace({ tokens: REPLY_TOKENS, paceMs: 0 });
  const events = await (await ask(peer)).text();
  const texts = events.match(/"TEXT_MESSAGE_(?:CONTENT|CHUNK)"/g)?.length;
  if (texts !== REPLY_TOKENS) throw new Error(`${peer.name} sent ${texts} texts: ${events}`);
  for (let n = 0; n < 50; n += 1) await drain(await ask(peer));
}

/** Whole replies at full speed, four at a time. */
async function measureBurst(peer: Peer): Promise<number> {
  const before = await cpuSeconds(peer.pid);
  const end = performance.now() + BURST_SECONDS * 1_000;
  let replies = 0;
  const keepAsking = async () => {
    while (performance.now() < end) {
      await drain(await ask(peer));
      replies += 1;
    }
  };
  await Promise.all(Array.from({ length: 4 }, keepAsking));
  return (replies * REPLY_TOKENS) / ((await cpuSeconds(peer.pid)) - before);
}

/** Delay of the first text compared with the model's own: difference of medians, measured alternately. */
async function measureFirstText(peer: Peer): Promise<number> {
  await setPace({ tokens: 3, paceMs: 1 });
  const time = async (asked: Peer) => {
    const began = performance.now();
    const response = await ask(asked);
    await readUntil(response, FIRST_TEXT);
    const ms = performance.now() - began;
    await drain(response);
    return ms;
  };
  const times: { direct: number[]; through: number[] } = { direct: [], through: [] };
  for (let n = 0; n < FIRST_TEXT_ROUNDS; n += 1) {
    times.direct.push(await time(model));
    times.through.push(await time(peer));
  }
  return quantile(times.through, 0.5) - quantile(times.direct, 0.5);
}

/** Longest time from an abort by the reader to the end of the model's stream. */
async function measureAbort(peer: Peer): Promise<number> {
  await setPace({ tokens: REPLY_TOKENS, paceMs: 20 });
  let slowest = 0;
  for (let n = 0; n < ABORTS; n += 1) {
    const gone = new AbortController();
    await readUntil(await ask(peer, { signal: gone.signal }), FIRST_TEXT);
    const left = performance.timeOrigin + performance.now();
    gone.abort();
    const closed = await untilModelLeft(left);
    if (closed === undefined) return Number.POSITIVE_INFINITY;
    slowest = Math.max(slowest, closed - left);
  }
  return slowest;
}

async function untilModelLeft(since: number): Promise<number | undefined> {
  const end = performance.now() + GIVE_UP_MS;
  while (performance.now() < end) {
    const at = (await (await fetch(`${upstream.url}last-left-at`)).json()) as number;
    if (at >= since) return at;
    await Bun.sleep(5);
  }
  return undefined;
}

async function measureCrowd(peer: Peer) {
  await setPace(CROWD_PACE);
  const idleBytes = await residentBytes(peer.pid);
  const before = await cpuSeconds(peer.pid);
  const crowd = Bun.spawn(
    [process.execPath, `${import.meta.dir}/crowd.ts`, JSON.stringify(peer), `${CROWD}`],
    { env: ENVIRONMENT, stdout: "pipe", stderr: "inherit" },
  );
  let peakBytes = idleBytes;
  while (crowd.exitCode === null) {
    peakBytes = Math.max(peakBytes, await residentBytes(peer.pid));
    await Bun.sleep(200);
  }
  const crowdMs = Number(await new Response(crowd.stdout).text());
  const cpu = (await cpuSeconds(peer.pid)) - before;
  return {
    crowdMs,
    crowdEventsPerCpuSecond: (CROWD * CROWD_PACE.tokens) / cpu,
    megabytesPerStream: (peakBytes - idleBytes) / CROWD / 1e6,
  };
}

/** A table of all servers, then the claims. Without our own server among the chosen ones there is only the table. */
async function report(all: Record<string, Figures>): Promise<void> {
  const rows = Object.entries(all).map(([server, figures]) => ({
    server,
    "events / CPU-s": round(figures.eventsPerCpuSecond, 0),
    "events / CPU-s, 400 paced": round(figures.crowdEventsPerCpuSecond, 0),
    "first text later by, ms": round(figures.firstTextMs, 2),
    "400 streams, s": round(figures.crowdMs / 1_000, 2),
    "abort to closed model, ms": Number.isFinite(figures.abortMs)
      ? round(figures.abortMs, 0)
      : `not within ${GIVE_UP_MS}`,
    "MB per stream": round(figures.megabytesPerStream, 2),
  }));
  console.log(`${describeMachine()}\n\n${toTable(rows)}\n`);
  const { Lectern: ours, ...peers } = all;
  if (!ours) return;
  const beside = (
    id: string,
    what: string,
    unit: string,
    server: string,
    value: (figures: Figures) => number,
    limit: NonNullable<Figure["limit"]>,
  ): Figure[] => {
    const peer = peers[server];
    if (!peer) return [];
    const samples = [value(ours)];
    return [{ id, what, unit, samples, limit, peer: { what: server, samples: [value(peer)] } }];
  };
  const rate = ({ eventsPerCpuSecond }: Figures) => eventsPerCpuSecond;
  const alone = (id: string, what: string, unit: string, value: number, at_most: number) => ({
    id,
    what,
    unit,
    samples: [value],
    limit: { at_most },
  });
  await publish([
    ...beside("chat.events_mastra", "events streamed", "per CPU-s", "Mastra", rate, {
      at_least: 2,
    }),
    ...beside("chat.fast_path", "events streamed", "per CPU-s", "Lectern without fast path", rate, {
      at_least: 1.2,
    }),
    ...beside(
      "chat.crowd",
      `400 streams of ${CROWD_PACE.tokens} tokens at 50 tokens/s`,
      "s",
      "relay",
      ({ crowdMs }) => crowdMs / 1_000,
      { at_most: 1.05 },
    ),
    ...beside(
      "chat.first_text_mastra",
      "first text later than the model's",
      "ms",
      "Mastra",
      ({ firstTextMs }) => firstTextMs,
      { at_most: 1 },
    ),
    alone("chat.first_text", "first text later than the model's", "ms", ours.firstTextMs, 3),
    alone("chat.abort", "client leaves to model connection closed", "ms", ours.abortMs, 200),
    alone("chat.memory", "memory of an open stream", "MB", ours.megabytesPerStream, 1),
  ]);
}

const figures: Record<string, Figures> = {};
const SERVERS: Record<string, () => Promise<Peer | null>> = {
  relay: () => startScript("relay", "relay.ts", modelUrl),
  Lectern: () => startLectern("Lectern", modelUrl),
  "Lectern without fast path": () =>
    startLectern("Lectern without fast path", modelUrl, "without-fast-path.ts"),
  Mastra: () => startMastra(modelUrl),
};
const wanted = process.argv.slice(2).filter((name) => name in SERVERS);
try {
  for (const [name, begin] of Object.entries(SERVERS)) {
    if (wanted.length > 0 && !wanted.includes(name)) continue;
    const peer = await begin();
    if (!peer) continue;
    figures[peer.name] = await measure(peer).finally(() => peer.close());
  }
  await report(figures);
} finally {
  await upstream.close();
}
