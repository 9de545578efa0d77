import { rowOf } from "../../onnx/front.ts";
import type { ClassFamily } from "../../classes/family.ts";
import { fitForest } from "../../learn/forest.ts";
import { count, columns, ratio } from "../../onnx/alignment.ts";
import { forestHead } from "../../onnx/forest.ts";
import { characters, hash, matching } from "../../onnx/words.ts";

const CHARACTERS = 200;
/** Letters whose share of the text is a feature. */
const LETTERS =
  "abcdefghijklmnopqrstuvwxyz äöüßéèêëàâçîïôûùœñáíóúãõåæøčďěňřšťůýžąćęłńśźżğışıґєії" +
  "абвгдежзийклмнопрстуфхцчшщъыьэюяαβγδεζηθικλμνξοπρσςτυφχψωάέήίόύώ" +
  "ابتثجحخدذرزسشصضطظعغفقكلمنهويةىअआइईउएकखगचजटडतथदनपबमयरलवशषसह।्ािीुेोकंのはをにがでとた、。이가는을의다에.,'’-";
/** Kinds of characters whose share is a feature. */
const KINDS = ["\\p{Han}", "\\p{Hiragana}", "\\p{Katakana}", "\\p{Hangul}", "\\p{Lu}", "\\pN", "[^\\pL\\pN]"];
const OPTIONS = { trees: 40, depth: 18, tries: 20, minRows: 4 };

/** Random trees on how often each letter occurs; the order of letters does not count. */
export const letterForest: ClassFamily = {
  family: "letter-forest",
  name: "Letter forest",
  summary: "Extremely randomised trees on shares of letters and of scripts; the order of letters is not seen",
  front(graph, input) {
    const source = characters(graph, input, CHARACTERS);
    const length = count(graph, source.mask);
    const letters = [...new Set(LETTERS)];
    const known = hash(graph, graph.strings(letters, [1, 1, letters.length]));
    const same = graph.cast(graph.op("Equal", [graph.unsqueeze(source.ids, 2), known]), "float");
    const counts = graph.reduce("ReduceSum", same, 1);
    const kinds = KINDS.map((kind) =>
      ratio(graph, count(graph, matching(graph, source, kind), source.mask), length),
    );
    const shares = graph.op("Div", [counts, graph.unsqueeze(length, 1)]);
    return { features: graph.op("Concat", [shares, columns(graph, kinds)], { axis: 1n }) };
  },
  fit(samples, classes, random) {
    const rows = samples.map(({ row, label }) => ({ x: rowOf(row, "features").data, label }));
    return forestHead(fitForest(rows, classes, OPTIONS, random), "features");
  },
};
