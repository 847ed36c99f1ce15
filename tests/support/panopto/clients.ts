import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openPanopto, type PanoptoOptions } from "../../../src/providers/panopto";
import { openTestSite, type TestSite } from "../panopto";

/** A busy machine may stand still for seconds, which must not look like a site that does. */
export const PATIENCE = { stallMs: 4_000, timeoutMs: 60_000, fileTimeoutMs: 60_000, backoffMs: 5 };
/** Where giving up is the end anyway. */
export const HASTE = { ...PATIENCE, stallMs: 200 };

const { signal } = new AbortController();

/** Clients of Panopto, each with a site of its own, and the folder that they download to. */
export function openPanoptoClients() {
  const folder = mkdtempSync(join(tmpdir(), "panopto-"));
  const sites: TestSite[] = [];

  return {
    folder,
    open: async (options: Partial<PanoptoOptions> = {}) => {
      const site = await openTestSite();
      sites.push(site);
      const panopto = openPanopto({ allowedHosts: [site.host], patience: PATIENCE, ...options });
      const add = (session: Parameters<TestSite["addSession"]>[0]) =>
        panopto.identify(site.addSession(session));
      const download = (address: ReturnType<typeof add>) =>
        panopto.download(address, folder, () => {}, signal);
      return { site, panopto, add, download };
    },
    close: () => {
      for (const site of sites) site.close();
      rmSync(folder, { recursive: true });
    },
  };
}
