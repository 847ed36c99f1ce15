/** Writes docs/licences.md: `bun scripts/dump-licences.ts`. A test fails when it is stale or a licence is not permitted. */
import { join } from "node:path";
import { listPackages, type Package } from "./packages";

const PATH = join(import.meta.dir, "../docs/licences.md");

const HEAD = `# Licences

Lectern is under the [MIT licence](../LICENSE). \`bun scripts/dump-licences.ts\` writes the lists from the installed packages; a test
fails if a package has a licence that is not permitted. Permitted are licences that ask for a notice at most.

Programs that the server starts, and the database, are separate programs with licences of their own: ffmpeg (LGPL 2.1, and GPL 2 as Debian
builds it), poppler (GPL 2 or 3), PostgreSQL and pgvector (PostgreSQL licence), pgmq (PostgreSQL licence), Bun (MIT, with LGPL 2 parts of
JavaScriptCore). The container image contains ffmpeg, poppler and Bun; who distributes it must offer their sources, which Debian and the Bun
project publish. The weights of the local embedding model are under Apache 2.0.

\`bun audit\` compares the packages with the advisories of the npm registry; .github/workflows/audit.yml runs it every week.
`;

export function toMarkdown(packages: Package[]): string {
  const groups = Map.groupBy(packages, ({ licence }) => licence);
  const sections = [...groups]
    .sort(([a, x], [b, y]) => y.length - x.length || (a < b ? -1 : 1))
    .map(([licence, group]) => `## ${licence}\n\n${group.map(entry).join(", ")}`);
  return `${HEAD}\n${sections.join("\n\n")}\n`;
}

const entry = ({ name, version, where }: Package) =>
  `${name} ${version}${where === "page" ? " (page)" : ""}`;

if (import.meta.main) await Bun.write(PATH, toMarkdown(await listPackages()));
