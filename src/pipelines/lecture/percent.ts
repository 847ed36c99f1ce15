/** A stage's share of the whole work: where a fraction (0 to 1) of it lies, in percent of the job. */
const share = (from: number, to: number) => ({
  at: (fraction: number) => from + (to - from) * Math.min(1, Math.max(0, fraction)),
});

export const DOWNLOADING_PERCENT = share(0, 60);
export const ENCODING_PERCENT = share(60, 75);
export const TRANSCRIBING_PERCENT = share(75, 85);
export const EMBEDDING_PERCENT = share(85, 99);
