const { HOME = "/", PATH = "", BUN_JSC_useOMGJIT } = process.env;

/**
 * The environment of a process under test: none of the developer's own settings, so a test means the same on every
 * machine. The compiler's option is that of the run (`scripts/test.ts`).
 */
export const CLEAN_ENVIRONMENT: Record<string, string> = {
  HOME,
  PATH,
  ...(BUN_JSC_useOMGJIT && { BUN_JSC_useOMGJIT }),
};
