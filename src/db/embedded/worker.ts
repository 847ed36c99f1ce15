import { PGlite } from "@electric-sql/pglite";
import { pgmq } from "@electric-sql/pglite-pgmq";
import { vector } from "@electric-sql/pglite-pgvector";
import { Backend } from "./backend";
import { Gateway } from "./gateway";

/** What the starting thread asks for. */
export type Command =
  | { type: "start"; dataDir: string | null; from?: Blob; idleLimitSeconds: number }
  | { type: "snapshot" }
  | { type: "close" };

/** What this thread answers, one report for each command. */
export type Report =
  | { type: "ready"; port: number }
  | { type: "snapshot"; data: Blob }
  | { type: "closed" }
  | { type: "failed"; reason: string };

declare const self: Worker;

type Started = { backend: Backend; gateway: Gateway };

let started: Started | null = null;

self.onmessage = async ({ data: command }: MessageEvent<Command>) => {
  try {
    self.postMessage(await obey(command));
  } catch (error) {
    self.postMessage({
      type: "failed",
      reason: error instanceof Error ? error.message : Bun.inspect(error),
    } satisfies Report);
  }
};

async function obey(command: Command): Promise<Report> {
  if (command.type === "start") {
    started = await start(command);
    return { type: "ready", port: started.gateway.port };
  }
  if (!started) return { type: "closed" }; // a start that failed has nothing to close
  const { backend, gateway } = started;
  if (command.type === "snapshot") return { type: "snapshot", data: await snapshot(backend) };

  await gateway.close();
  await backend.between(checkpointAndClose);
  return { type: "closed" };
}

async function start({
  dataDir,
  from,
  idleLimitSeconds,
}: Command & { type: "start" }): Promise<Started> {
  const pglite = await PGlite.create({
    ...(dataDir && { dataDir }),
    ...(from && { loadDataDir: from }),
    extensions: { vector, pgmq },
  });
  await pglite.exec("create extension if not exists vector; create extension if not exists pgmq");
  const backend = new Backend(pglite);
  return { backend, gateway: await Gateway.open(backend, idleLimitSeconds) };
}

function snapshot(backend: Backend): Promise<Blob> {
  return backend.between(async (pglite) => {
    await pglite.exec("checkpoint");
    return await pglite.dumpDataDir("none");
  });
}

async function checkpointAndClose(pglite: PGlite): Promise<void> {
  await pglite.exec("checkpoint");
  await pglite.close();
}
