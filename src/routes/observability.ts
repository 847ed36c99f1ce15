import { Elysia } from "elysia";
import type { Services } from "../services";
import { readDiskSpace } from "../storage/disk-space";
import { sharedFor } from "./cached-checks";
import { healthRoutes } from "./health";
import { metricsRoute } from "./metrics";

const STORAGE_CHECK_MS = 10_000;

/** Health and metrics, of each kind of process. */
export const observability = (services: Services) => {
  const { config, dataRoot, storage } = services;
  const deps = {
    ...services,
    // Each check writes to the bucket, and several probes ask.
    storage: { check: sharedFor(STORAGE_CHECK_MS, () => storage.check()) },
    diskSpace: () => readDiskSpace(dataRoot),
  };
  return new Elysia()
    .use(
      healthRoutes({
        ...deps,
        maxUploadBytes: config.MAX_UPLOAD_MB * 1_000_000,
        needsWorkers: config.ROLE === "worker",
      }),
    )
    .use(metricsRoute(deps));
};
