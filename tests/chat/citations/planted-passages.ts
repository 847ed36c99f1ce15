import type { Citation } from "../../../src/retrieval/search";

type Place = { page_number: number } | { start_ms: number; end_ms: number };

// biome-ignore format: a table reads best as a table
const PASSAGES: [number: number, title: string, place: Place, quote: string][] = [
  [1, "Thermodynamics I", { start_ms: 60_000, end_ms: 120_000 }, "In 1824 Sadi Carnot published his only book. The efficiency of the engine was 12.5 percent, and the temperature fell from 400 K to −5 °C. There are three laws we need, and the second law matters most. Carnot was the son of Lazare Carnot."],
  [2, "Slides week 2", { page_number: 7 }, "Budget: 1,000,000 USD\nPopulation: 3.5 million\nRange: 1999–2004\nAvogadro: 6.02 × 10^23\nSpeed of light c = 299 792 458 m/s\nError rate 0,5 %\nThe Krebs cycle yields 38 ATP."],
  [3, "Wärmelehre", { page_number: 4 }, "Die Entropie eines abgeschlossenen Systems nimmt nie ab. Rudolf Clausius prägte den Begriff 1865. Der Wirkungsgrad beträgt 1.000,5 Einheiten oder 40 %. Ludwig Boltzmann lehrte in Graz."],
  [4, "Révolution", { page_number: 3 }, "La prise de la Bastille eut lieu le 14 juillet 1789. Émilie du Châtelet traduisit Newton. La population était de 28 000 000 d'habitants. L’Assemblée nationale abolit les privilèges."],
  [5, "Historia", { start_ms: 0, end_ms: 30_000 }, "Miguel de Cervantes publicó el Quijote en 1605. La batalla de Lepanto ocurrió en 1571. Costó 1.250,75 pesetas."],
  [6, "Physics", { page_number: 12 }, "Einstein's formula is $E = mc^2$, and $\\frac{1}{2} m v^2$ is kinetic energy. J. J. Thomson found the electron in 1897. The Navier–Stokes equations describe viscous flow. CRISPR-Cas9 edits DNA. Al-Khwarizmi wrote about al-\u00adgebra in the 9th century."],
  [7, "中文", { page_number: 1 }, "熵是信息的度量。香农在1948年提出了信息论。"],
  [8, "Лекция", { page_number: 2 }, "Дмитрий Менделеев опубликовал таблицу в 1869 году. В ней было 63 элемента."],
  [9, "Wrapped", { page_number: 9 }, "The mitochon-\ndria are the power-\nhouse of the cell. It was said that \"energy\ncannot be created or destroyed\". We saw “one thing”. Then something else happened. Then “another thing” closed the talk."],
  [10, "ALL CAPS", { page_number: 1 }, "THE WORLD HEALTH ORGANIZATION DECLARED A PANDEMIC IN MARCH 2020. SARS-COV-2 SPREADS."],
  [11, "Lecture 5: Waves", { start_ms: 754_000, end_ms: 800_000 }, "the wave equation was solved by d'alembert in seventeen forty seven and it has two terms twenty five percent of the students knew"],
  [12, "Python", { page_number: 5 }, "Use the function len(x) to get the size. Version 3.11 was released in October 2022. Guido van Rossum created Python. It costs $1.5 billion. Ratio 3:1. IPv6 uses 128-bit addresses."],
];

/** What the planted answers cite, by number. */
export const plantedPassages = new Map<number, Citation>(
  PASSAGES.map(([number, title, place, quote]) => {
    const source = "page_number" in place ? "slides" : "lectures";
    const ids = { chunk_id: crypto.randomUUID(), asset_id: crypto.randomUUID() };
    return [number, { number, ...ids, source, title, quote, ...place, url: null }];
  }),
);
