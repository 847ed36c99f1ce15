/**
 * The way from "job sent" to "job started" with other queues on PostgreSQL: `bun peers.js URL ROUNDS`. Prints
 * JSON: the milliseconds of each round by queue. Each queue runs with its defaults, except that pg-boss polls
 * as often as it can (every half second).
 */
import { Logger, makeWorkerUtils, run } from "graphile-worker";
import { PgBoss } from "pg-boss";

const [url, rounds] = [process.argv[2], Number(process.argv[3])];
const WARM_UP = 3;

/** Sends a job, waits until its handler runs, and so on; `started` is called by the handler. */
async function measure(send, onStart) {
  const times = [];
  for (let round = 0; round < WARM_UP + rounds; round += 1) {
    const started = Promise.withResolvers();
    onStart(() => started.resolve(performance.now()));
    const sent = performance.now();
    await send();
    times.push((await started.promise) - sent);
    await Bun.sleep(5); // the worker finishes the job before the next
  }
  return times.slice(WARM_UP);
}

async function graphileWorker() {
  let started = () => {};
  const runner = await run({
    connectionString: url,
    noHandleSignals: true,
    logger: new Logger(() => () => {}),
    taskList: { bench: () => started() },
  });
  const utils = await makeWorkerUtils({
    connectionString: url,
    logger: new Logger(() => () => {}),
  });
  const times = await measure(
    () => utils.addJob("bench", {}),
    (callback) => {
      started = callback;
    },
  );
  await utils.release();
  await runner.stop();
  return times;
}

async function pgBoss() {
  let started = () => {};
  const boss = new PgBoss(url);
  await boss.start();
  await boss.createQueue("bench");
  await boss.work("bench", { pollingIntervalSeconds: 0.5 }, () => started());
  const times = await measure(
    () => boss.send("bench", {}),
    (callback) => {
      started = callback;
    },
  );
  await boss.stop({ graceful: false });
  return times;
}

console.log(
  JSON.stringify({ "graphile-worker": await graphileWorker(), "pg-boss": await pgBoss() }),
);
process.exit(0);
