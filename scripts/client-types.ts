const HEADER =
  "/** Generated from docs/openapi.json: run `bun scripts/dump-openapi.ts`. Do not edit. */\n";

/** The generator needs the compiler API of TypeScript 5, which our TypeScript 7 does not have. */
Bun.plugin({
  name: "typescript 5",
  setup: (build) => {
    build.module("typescript", async () => ({
      exports: await import("typescript-5"),
      loader: "object",
    }));
  },
});

/** The types of the TypeScript client, from the text of the OpenAPI document. */
export async function toClientTypes(document: string): Promise<string> {
  const { astToString, default: openapiTS } = await import("openapi-typescript");
  const { default: ts } = await import("typescript-5");
  const blob = ts.factory.createTypeReferenceNode("Blob");
  const nodes = await openapiTS(document, {
    alphabetize: true,
    rootTypes: true,
    rootTypesNoSchemaPrefix: true,
    rootTypesKeepCasing: true,
    // A request can leave out a field with a default.
    defaultNonNullable: false,
    transform: ({ format }) => (format === "binary" ? blob : undefined),
  });
  return HEADER + astToString(nodes);
}
