import { join } from "node:path";
import { Ajv2020 } from "ajv/dist/2020";
import addFormats from "ajv-formats";
import { createParser } from "eventsource-parser";

type Media = { schema?: object };
type DocumentedResponse = { $ref?: string; content?: Record<string, Media> };
type Operation = { operationId: string; responses: Record<string, DocumentedResponse> };
type OpenApi = {
  paths: Record<string, Record<string, Operation>>;
  components: { responses: Record<string, DocumentedResponse> };
};

const OPENAPI = join(import.meta.dir, "../../docs/openapi.json");

export type ValidatingProxy = Disposable & {
  url: string;
  /** Each response that the document does not allow, with the reason. */
  violations: string[];
  /** Operation and status of each response, such as `getCourse 404`. */
  seen: Set<string>;
  /** Resolves when each forwarded response has been checked to its end. */
  checked(): Promise<void>;
};

/** Forwards requests to a server, and compares each response with docs/openapi.json. */
export async function openValidatingProxy(target: string): Promise<ValidatingProxy> {
  const document: OpenApi = await Bun.file(OPENAPI).json();
  const check = responseChecker(document);
  const violations: string[] = [];
  const seen = new Set<string>();
  const checks: Promise<void>[] = [];

  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    idleTimeout: 0,
    async fetch(request) {
      const { pathname, search } = new URL(request.url);
      const headers = new Headers(request.headers);
      // The host stays the address of the proxy, so that absolute links lead through it.
      headers.set("accept-encoding", "identity");
      const { method, signal } = request;
      const body = request.body ? await request.bytes() : null;
      const response = await fetch(target + pathname + search, { method, headers, body, signal });
      const [forwarded, inspected] = response.body ? response.body.tee() : [null, null];
      const copy = new Response(inspected, response);
      checks.push(
        check(method, pathname, copy).then(({ name, problems }) => {
          seen.add(`${name} ${response.status}`);
          violations.push(...problems.map((problem) => `${method} ${pathname}: ${problem}`));
        }),
      );
      return new Response(forwarded, response);
    },
  });
  return {
    url: `http://127.0.0.1:${server.port}`,
    violations,
    seen,
    checked: async () => void (await Promise.all(checks)),
    [Symbol.dispose]: () => void server.stop(true),
  };
}

type Verdict = { name: string; problems: string[] };

/** Compares the status, the content type and the body of a response with what the document lists. */
export function responseChecker(document: OpenApi) {
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  addFormats.default(ajv);
  ajv.addSchema(document, "api");
  const routes = Object.entries(document.paths).map(([path, operations]) => ({
    path,
    operations,
    pattern: new RegExp(`^${path.replace(/\{\w+\}/g, "([^/]+)")}$`),
  }));

  const explain = (pointer: string, value: unknown): string[] => {
    const validate = ajv.getSchema(`api#${pointer}`)!;
    if (validate(value)) return [];
    return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
  };

  return async (method: string, pathname: string, response: Response): Promise<Verdict> => {
    const route =
      routes.find(({ path }) => path === pathname) ??
      routes.find(({ pattern }) => pattern.test(pathname));
    const operation = route?.operations[method.toLowerCase()];
    if (!route || !operation) return { name: "unknown", problems: ["no such operation"] };
    const name = operation.operationId;
    const { status } = response;
    const documented = [String(status), `${String(status)[0]}XX`].find(
      (key) => operation.responses[key],
    );
    if (!documented) return { name, problems: [`status ${status} is not documented`] };
    const { $ref } = operation.responses[documented]!;
    const pointer = $ref
      ? $ref.slice(1)
      : `/paths/${escaped(route.path)}/${method.toLowerCase()}/responses/${documented}`;
    const { content = {} } = $ref
      ? document.components.responses[$ref.split("/").at(-1)!]!
      : operation.responses[documented]!;
    const type = (response.headers.get("content-type") ?? "").split(";")[0]!;
    const text = await response.text().catch(() => "");
    if (Object.keys(content).length === 0) {
      return { name, problems: text === "" ? [] : [`${status} has a body`] };
    }
    if (!content[type]) return { name, problems: [`${status} of type ${type} is not documented`] };
    const schema = `${pointer}/content/${escaped(type)}/schema`;
    if (/json$/.test(type)) return { name, problems: explain(schema, JSON.parse(text)) };
    if (type !== "text/event-stream") return { name, problems: [] };
    const problems = dataOf(text).flatMap((data) =>
      data === "[DONE]" ? [] : explain(schema, JSON.parse(data)),
    );
    return { name, problems };
  };
}

const escaped = (key: string) =>
  encodeURIComponent(key.replaceAll("~", "~0").replaceAll("/", "~1"));

function dataOf(text: string): string[] {
  const found: string[] = [];
  createParser({ onEvent: ({ data }) => found.push(data) }).feed(`${text}\n\n`);
  return found;
}
