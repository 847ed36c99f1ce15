import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "./free-port";
import { eventually } from "./waiting";

const program = Bun.which("prometheus");
export const hasPrometheus = program !== null;

export type Prometheus = AsyncDisposable & {
  /** Scrapes these servers from now on. */
  watch(...servers: { url: string }[]): Promise<void>;
  /** The names of the alerts that fire now. */
  firing(): Promise<string[]>;
  /** The value of a query that has one. */
  query(expr: string): Promise<number | null>;
};

/** So that a drill takes seconds: minutes of `for`, ranges and limits become seconds, and hours 40 seconds. */
export function shortenRules(rules: string): string {
  return rules
    .replace(/\bfor: \d+m/g, "for: 2s")
    .replace(/\[\d+m\]/g, "[20s]")
    .replace(/\[\d+h\]/g, "[40s]")
    .replace(/offset \d+h/g, "offset 40s")
    .replace(/> 900$/m, "> 9")
    .replace(/> 50 \* 3600$/m, "> 9");
}

/** A real Prometheus that scrapes each second and evaluates the rules of `deploy/`, with shorter times. */
export async function startPrometheus(): Promise<Prometheus> {
  const folder = await mkdtemp(join(tmpdir(), "prometheus-"));
  const port = await freePort();
  const targets = join(folder, "targets.json");
  await Bun.write(targets, "[]");
  const rules = await Bun.file("deploy/prometheus-alerts.yaml").text();
  await Bun.write(join(folder, "rules.yaml"), shortenRules(rules));
  await Bun.write(
    join(folder, "prometheus.yml"),
    `global: { scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s }
rule_files: [rules.yaml]
scrape_configs:
  - job_name: lectern
    file_sd_configs: [{ files: [targets.json], refresh_interval: 1s }]
`,
  );
  const child = Bun.spawn(
    [
      program!,
      `--config.file=${join(folder, "prometheus.yml")}`,
      `--storage.tsdb.path=${join(folder, "data")}`,
      `--web.listen-address=127.0.0.1:${port}`,
      "--query.lookback-delta=15s",
    ],
    { stdout: "ignore", stderr: Bun.file(join(folder, "log")) },
  );
  // biome-ignore lint/suspicious/noExplicitAny: answers of Prometheus
  const ask = async (path: string): Promise<any> => {
    const response = await fetch(`http://127.0.0.1:${port}/api/v1/${path}`);
    return ((await response.json()) as { data: unknown }).data;
  };
  await eventually(
    () =>
      fetch(`http://127.0.0.1:${port}/-/ready`).then(
        (response) => response.ok,
        () => false,
      ),
    (isReady) => isReady,
  );
  return {
    watch: async (...servers) => {
      const hosts = servers.map(({ url }) => new URL(url).host);
      await Bun.write(targets, JSON.stringify([{ targets: hosts }]));
    },
    firing: async () => {
      const { alerts } = await ask("alerts");
      const firing = (alerts as { state: string; labels: { alertname: string } }[])
        .filter(({ state }) => state === "firing")
        .map(({ labels }) => labels.alertname);
      return [...new Set(firing)].sort();
    },
    query: async (expr) => {
      const { result } = await ask(`query?query=${encodeURIComponent(expr)}`);
      return result[0] ? Number(result[0].value[1]) : null;
    },
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await child.exited;
      await rm(folder, { recursive: true, force: true });
    },
  };
}
