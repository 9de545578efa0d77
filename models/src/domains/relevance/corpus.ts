import { GraphBuilder, type Value } from "../../onnx/builder.ts";
import { type Buckets, ngrams } from "../../onnx/ngrams.ts";
import { openSession, type Row, runFeeds, stringTensor } from "../../onnx/session.ts";
import { words } from "../../onnx/words.ts";
import type { RelevanceRow } from "./data.ts";

/** Words of a passage or claim that are read. */
export const WORDS = 160;
/** Words are hashed into this many buckets. */
export const BUCKETS = 8191;

/** Hashed words of a string, as all tables of this domain number them. */
export function wordBuckets(graph: GraphBuilder, source: Value): Buckets {
  return ngrams(graph, words(graph, source, WORDS), 1, BUCKETS);
}

/** The buckets of every distinct passage and claim of the training part, computed by the graph that is shipped. */
export async function corpusOf(rows: readonly RelevanceRow[]): Promise<number[][]> {
  const graph = new GraphBuilder();
  const { ids, mask } = wordBuckets(graph, graph.input("text", "string", ["N"]));
  const bytes = graph.build("words", [
    { name: "ids", from: ids, type: "float", shape: [] },
    { name: "mask", from: mask, type: "float", shape: [] },
  ]);
  const session = await openSession(bytes);
  const texts = [...new Set(rows.flatMap(({ text, answer }) => [text, answer]))];
  const outputs = await runFeeds(
    session,
    texts.map((text) => ({ text: stringTensor([text]) })),
  );
  await session.release();
  return outputs.map(({ ids, mask }) => {
    const present = (mask as Row).data;
    return [...(ids as Row).data].filter((_, place) => (present[place] ?? 0) > 0);
  });
}
