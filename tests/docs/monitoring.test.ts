import { expect, test } from "bun:test";
import { openMetrics } from "../../src/metrics";

const page = await Bun.file("docs/monitoring.md").text();
const dashboard = await Bun.file("deploy/grafana-dashboard.json").json();
const rules = Bun.YAML.parse(await Bun.file("deploy/prometheus-alerts.yaml").text()) as {
  groups: { rules: AlertRule[] }[];
};
type AlertRule = {
  alert: string;
  expr: string;
  labels: { severity: string };
  annotations: { summary: string; playbook: string };
};
const alerts = rules.groups.flatMap((group) => group.rules);

const metrics = await openMetrics().registry.getMetricsAsArray();
/** The names of the series of each metric, and their labels. */
const series = new Map(
  metrics.flatMap((metric) => {
    const { name, type, labelNames } = metric as unknown as {
      name: string;
      type: string;
      labelNames: string[];
    };
    const suffixes = String(type) === "histogram" ? ["_bucket", "_sum", "_count"] : [""];
    return suffixes.map((suffix) => [name + suffix, new Set(labelNames)] as const);
  }),
);
/** Labels that Prometheus and histograms add. */
const ADDED = ["job", "instance", "le"];

type Panel = { title: string; targets?: { expr: string }[] };
const queries = [
  ...alerts.map(({ alert, expr }) => ({ name: alert, expr })),
  ...(dashboard.panels as Panel[]).flatMap(({ title, targets = [] }) =>
    targets.map(({ expr }) => ({ name: title, expr })),
  ),
];

/** The names in a query that are no series of `/metrics`, and the labels that none of its series has. */
function unknownNames(expr: string): string[] {
  const used = [...expr.matchAll(/\b(?:lectern|process|nodejs)_\w+/g)].map(([name]) => name);
  const lists = [...expr.matchAll(/\bby \(([^)]*)\)/g)].flatMap(([, list]) => list!.split(","));
  const matchers = [...expr.matchAll(/(\w+)\s*[=!]=?~?\s*"/g)].map(([, label]) => label!);
  const labels = [...lists.map((label) => label.trim()), ...matchers];
  const known = new Set([...ADDED, ...used.flatMap((name) => [...(series.get(name) ?? [])])]);
  return [
    ...used.filter((name) => !series.has(name)),
    ...labels.filter((label) => !known.has(label)),
  ];
}

test("a name of a metric or label that does not exist is found", () => {
  expect(unknownNames('sum by (kind) (lectern_jobs{state="failed"})')).toEqual([]);
  expect(unknownNames("lectern_gone > 1")).toEqual(["lectern_gone"]);
  expect(unknownNames("lectern_step_seconds")).toEqual(["lectern_step_seconds"]);
  expect(unknownNames('max by (kindd) (lectern_jobs{stat="x"})')).toEqual(["kindd", "stat"]);
});

test.each(queries)("$name asks for metrics and labels that exist", ({ expr }) => {
  expect(unknownNames(expr)).toEqual([]);
});

test("each metric of ours has a row in docs/monitoring.md, and there is no other", () => {
  const ours = metrics.map(({ name }) => name).filter((name) => name.startsWith("lectern_"));
  const listed = [...page.matchAll(/^\| `(lectern_\w+)`/gm)].map(([, name]) => name!);

  expect(listed.sort()).toEqual(ours.sort());
});

test("the labels in docs/monitoring.md are those of the metrics", () => {
  const rows = [...page.matchAll(/^\| `(lectern_\w+)` +\| \w+ +\| ([^|]*) \|/gm)];
  const listed = rows.map(([, name, cell]) => [
    name,
    [...cell!.matchAll(/`(\w+)`/g)].map(([, label]) => label).sort(),
  ]);
  const real = new Map([...series].map(([name, labels]) => [name.replace(/_bucket$/, ""), labels]));

  for (const [name, labels] of listed) {
    expect([name, labels]).toEqual([name, [...real.get(name as string)!].sort()]);
  }
});

test("counters that an alert adds have series before they count, so that the sum has a result", async () => {
  const { expr } = alerts.find(({ alert }) => alert === "LecternWorkersDie")!;
  const counters = [...expr.matchAll(/lectern_\w+_total/g)].map(([name]) => name);
  const text = await openMetrics().registry.metrics();

  expect(counters).toHaveLength(2);
  for (const name of counters) expect(text).toMatch(new RegExp(`^${name}({.*})? 0$`, "m"));
});

test("the limit of a quantile is a bucket of its histogram, so that answers below it raise no alert", async () => {
  const text = await openMetrics().registry.metrics();
  const limits = alerts.flatMap(({ expr }) => [
    ...expr.matchAll(/^histogram_quantile\(.*?(\w+_bucket).*> ([\d.]+)$/g),
  ]);

  expect(limits).toHaveLength(1);
  for (const [, name, limit] of limits) expect(text).toContain(`${name}{le="${limit}"} 0`);
});

test("each metric of ours and each metric of an alert is in the dashboard", () => {
  const shown = (dashboard.panels as Panel[]).flatMap(({ targets = [] }) =>
    targets.map(({ expr }) => expr),
  );
  const ours = metrics.map(({ name }) => name).filter((name) => name.startsWith("lectern_"));
  const watched = alerts.flatMap(({ expr }) => expr.match(/\b(?:process|nodejs)_\w+/g) ?? []);

  expect([...ours, ...watched].filter((name) => !shown.join("\n").includes(name))).toEqual([]);
});

test("each alert has a drill", async () => {
  const source = await Bun.file("tests/drills/alerts.test.ts").text();
  const titles = [...source.matchAll(/drill\(\s*"([^"]+)"/g)].map(([, title]) => title).join("\n");

  expect(alerts.map(({ alert }) => alert).filter((alert) => !titles.includes(alert))).toEqual([]);
});

test("each alert has a severity, a summary and a playbook, and each playbook an alert", () => {
  const headings = [...page.matchAll(/^### (Lectern\w+)$/gm)].map(([, name]) => name!);

  expect(headings.sort()).toEqual(alerts.map(({ alert }) => alert).sort());
  for (const { alert, labels, annotations } of alerts) {
    expect(["critical", "warning"]).toContain(labels.severity);
    expect(annotations.summary).not.toBe("");
    expect(annotations.playbook).toBe(`docs/monitoring.md#${alert.toLowerCase()}`);
  }
});

test("the dashboard has panels with titles, units and places that do not overlap", () => {
  const taken = new Set<string>();
  for (const { id, title, gridPos } of dashboard.panels) {
    expect([id > 0, title !== ""]).toEqual([true, true]);
    for (let x = gridPos.x; x < gridPos.x + gridPos.w; x += 1) {
      for (let y = gridPos.y; y < gridPos.y + gridPos.h; y += 1) {
        expect(taken.has(`${x},${y}`)).toBe(false);
        taken.add(`${x},${y}`);
      }
    }
  }
});
