/**
 * The whole product under load while something fails: nothing accepted is lost, nothing is there twice, and
 * only calls in flight are bought again. Each drill prints its figures.
 *
 * `DRILLS=long` has more work and more failures, and runs one drill at a time.
 */
import { describe, setDefaultTimeout, test } from "bun:test";
import { engine } from "../support/database";
import { isLong } from "../support/drill";
import { canMountSmallDisks } from "../support/small-disk";
import { killFleetWorkers, killJobProcess, killServer } from "./crashes";
import { changeAtRandom, stopServer } from "./edits";
import { endDatabaseConnections, fillDisk, interruptProviders } from "./outages";

setDefaultTimeout(isLong ? 3_600_000 : 300_000);

// Short drills that mostly wait run together: for expired claims, and for the probe of a provider.
const waiting = isLong ? test : test.concurrent;
const isNative = engine === "native";
/** A start of the embedded database costs seconds of processor time, so most short drills are native. */
const isHere = isLong || isNative;

describe("work is complete, once, and bought once", () => {
  // The short form on PostgreSQL is the fleet below: both wait until a claim expires.
  waiting.skipIf(!isLong && isNative)("when the server is killed", killServer);
  waiting.skipIf(!isHere)("when all providers are away", interruptProviders);
  waiting.skipIf(!isHere)("when the server is stopped and started again", stopServer);
  waiting.skipIf(!isHere)("when users delete, cancel, retry and replace at random", changeAtRandom);
  // The embedded database has one client and ends with it.
  waiting.skipIf(!isNative)("when a machine of a fleet is killed", killFleetWorkers);
  test.skipIf(!isNative)("when connections end as paid answers arrive", endDatabaseConnections);
  test.skipIf(!isHere)("when a deck ends its process each time: it fails alone", killJobProcess);
  // Its short form is `tests/storage/full-disk.test.ts`.
  test.skipIf(!isLong || !canMountSmallDisks)("when the disk is full", fillDisk);
});
