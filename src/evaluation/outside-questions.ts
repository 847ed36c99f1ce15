/**
 * Questions that hardly any course covers, by language. `word` is the subject: a course that contains it possibly
 * covers the question, so the question is left out.
 */
const OUTSIDE: Record<string, readonly { question: string; word: string }[]> = {
  en: [
    { question: "Who won the football championship in Brazil?", word: "football" },
    { question: "How do volcanoes erupt?", word: "volcano" },
    { question: "Which vitamins do oranges contain?", word: "vitamin" },
    { question: "What did Shakespeare write about Denmark?", word: "shakespeare" },
    { question: "How many moons orbit Jupiter?", word: "jupiter" },
    { question: "Which spices belong in a curry?", word: "curry" },
    { question: "How do penguins raise their young?", word: "penguin" },
    { question: "How is a violin tuned?", word: "violin" },
  ],
  de: [
    { question: "Wer hat die Fußballmeisterschaft in Brasilien gewonnen?", word: "fußball" },
    { question: "Wie brechen Vulkane aus?", word: "vulkan" },
    { question: "Welche Vitamine enthalten Orangen?", word: "vitamin" },
    { question: "Was schrieb Shakespeare über Dänemark?", word: "shakespeare" },
    { question: "Wie viele Monde umkreisen den Jupiter?", word: "jupiter" },
    { question: "Welche Gewürze gehören in ein Curry?", word: "curry" },
    { question: "Wie ziehen Pinguine ihre Jungen auf?", word: "pinguin" },
    { question: "Wie wird eine Geige gestimmt?", word: "geige" },
  ],
  fr: [
    { question: "Qui a gagné le championnat de football au Brésil ?", word: "football" },
    { question: "Comment les volcans entrent-ils en éruption ?", word: "volcan" },
    { question: "Quelles vitamines contiennent les oranges ?", word: "vitamine" },
    { question: "Que dit Shakespeare du Danemark ?", word: "shakespeare" },
    { question: "Combien de lunes tournent autour de Jupiter ?", word: "jupiter" },
    { question: "Quelles épices met-on dans un curry ?", word: "curry" },
    { question: "Comment les manchots élèvent-ils leurs petits ?", word: "manchot" },
    { question: "Comment accorde-t-on un violon ?", word: "violon" },
  ],
};

export type OutsideQuestion = { id: string; question: string; word: string };

/** In the languages of a course, English for others. */
export function outsideQuestions(languages: ReadonlySet<string>): OutsideQuestion[] {
  const known = [...languages].filter((language) => language in OUTSIDE).sort();
  return (known.length > 0 ? known : ["en"]).flatMap((language) =>
    OUTSIDE[language]!.map((one) => ({ id: `outside:${language}:${one.word}`, ...one })),
  );
}
