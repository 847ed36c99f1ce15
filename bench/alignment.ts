import { align } from "../src/alignment/align";
import { type Figure, publish } from "./figures";

/**
 * Speech and its slides, aligned: processor time and memory for an hour with sixty slides beside the limits of
 * 300 ms and 50 MB, and the growth to two hours: `bun bench/alignment.ts`. Processor time, because a clock also
 * counts other work of the machine.
 */
const LIMIT_MS = 300;
const LIMIT_MB = 50;
const HOUR_MS = 3_600_000;
const PAGES_PER_HOUR = 60;
const STEMS_PER_PAGE = 60;
const STEMS_PER_HOUR = 5_000;
const SEGMENTS_PER_HOUR = 900;
const ROUNDS = 15;

let seed = 7;
const random = (below: number) => {
  seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
  return Math.floor((seed / 2_147_483_648) * below);
};
/** Half of the stems are of the page, half are of the whole lecture. */
const stem = (page: number) =>
  random(2) === 0 ? `page${page}-${random(40)}` : `any${random(800)}`;

function lecture(hours: number) {
  const pages = hours * PAGES_PER_HOUR;
  const stems = hours * STEMS_PER_HOUR;
  const duration_ms = hours * HOUR_MS;
  return {
    pages: Array.from({ length: pages }, (_, page) =>
      Array.from({ length: STEMS_PER_PAGE }, () => stem(page)),
    ),
    speech: Array.from({ length: stems }, (_, i) => ({
      time_ms: (i / stems) * duration_ms,
      term: stem(Math.floor((i / stems) * pages)),
    })),
    segment_starts_ms: Array.from({ length: hours * SEGMENTS_PER_HOUR }, (_, i) => i * 4_000),
    duration_ms,
  };
}

function cpuMilliseconds(hours: number): number[] {
  const input = lecture(hours);
  align(input);
  return Array.from({ length: ROUNDS }, () => {
    const start = process.cpuUsage();
    align(input);
    const { user, system } = process.cpuUsage(start);
    return (user + system) / 1_000;
  });
}

Bun.gc(true);
const hour = lecture(1);
const before = process.memoryUsage().rss;
align(hour);
// The first call, without a collection in between: all of its allocations count.
const firstCallMb = (process.memoryUsage().rss - before) / 1e6;

const figures: Figure[] = [1, 2].map((hours) => ({
  id: `alignment.cpu_${hours}h`,
  what: `slides aligned with ${hours === 1 ? "an hour" : `${hours} hours`} of speech, processor time`,
  unit: "ms",
  samples: cpuMilliseconds(hours),
  limit: { at_most: LIMIT_MS * hours },
  growth: { of: "alignment, processor time", size: hours, unit: "hours" },
}));
await publish([
  ...figures,
  {
    id: "alignment.memory",
    what: "memory of the first alignment",
    unit: "MB",
    samples: [firstCallMb],
    limit: { at_most: LIMIT_MB },
  },
]);
