import { Resolver } from "node:dns/promises";
import { AppError } from "../../errors";

const TIMEOUT_MS = 2_000;

/**
 * Refuses the embedded database in an app of Fly.io with several machines: each would have a database of its
 * own, so courses would appear and disappear with each request.
 *
 * Fly.io's DNS lists the machines of an app. If it does not answer, the start goes on.
 *
 * @param app      the app's name; undefined outside Fly.io
 * @param servers  addresses of DNS servers; default: those of the system
 * @throws AppError `config_invalid`
 */
export async function refuseSeveralMachines(
  app: string | undefined,
  servers?: string[],
): Promise<void> {
  if (app === undefined) return;
  const resolver = new Resolver({ timeout: TIMEOUT_MS, tries: 1 });
  if (servers) resolver.setServers(servers);
  const records = await resolver.resolveTxt(`vms.${app}.internal`).catch(() => []);
  const machines = records.flat().join("").split(",").filter(Boolean);
  if (machines.length < 2) return;
  const problem =
    `is unset, and the app ${app} has ${machines.length} machines: each would have a database of its own. ` +
    "Set DATABASE_URL, or run one machine: fly scale count 1";
  throw new AppError("config_invalid", { problems: { DATABASE_URL: [problem] } });
}
