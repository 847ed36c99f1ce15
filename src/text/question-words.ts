/**
 * Question words, and words of every lecture. They have no topic, so a passage without them can still
 * answer the question.
 */

// biome-ignore format: words, by language: English, German, French, Spanish, Italian, Portuguese, Chinese,
// Japanese, Korean, Dutch
const QUESTION_WORDS = new Set([
  "a", "about", "again", "all", "also", "am", "an", "and", "any", "are", "as", "at", "be", "because", "been", "between",
  "but", "by", "can", "could", "course", "define", "definition", "describe", "did", "do", "does", "each", "else", "explain",
  "for", "from", "get", "give", "had", "happen", "happens", "has", "have", "he", "her", "his", "how", "i", "if", "in", "into",
  "is", "it", "its", "just", "lecture", "lecturer", "let", "like", "many", "may", "me", "mean", "means", "more", "most",
  "much", "my", "no", "not", "of", "on", "one", "or", "our", "out", "page", "please", "professor", "s", "said", "say",
  "says", "she", "should", "slide", "slides", "so", "some", "such", "summarize", "t", "tell", "than", "that", "the", "their",
  "them", "then", "there", "these", "they", "this", "those", "to", "us", "use", "used", "was", "we", "were", "what", "when",
  "where", "which", "who", "why", "will", "with", "would", "you", "your",
  "called", "calculate", "compare", "component", "components", "compute", "computed", "consist", "derive", "difference", "differ",
  "example", "examples", "find", "function", "important", "kind", "kinds", "list", "main", "meaning", "name", "part", "parts",
  "prove", "purpose", "role", "show", "state", "type", "types", "work", "works",
  "als", "am", "auf", "aus", "bedeutet", "bei", "beschreibe", "beschreiben", "bitte", "da", "das", "dass", "dem", "den",
  "der", "des", "die", "diese", "dieser", "ein", "eine", "einem", "einen", "einer", "eines", "er", "erklär", "erkläre",
  "erklären", "erklärt", "es", "folie", "folien", "für", "gibt", "haben", "hat", "ich", "im", "ist", "kann", "kannst",
  "können", "kurs", "man", "mir", "mit", "nach", "nennt", "nicht", "oder", "sagt", "seite", "sich", "sie", "sind",
  "um", "und", "uns", "unter", "versteht", "vom", "von", "vorlesung", "wann", "warum", "was", "welche", "welcher", "welches",
  "wenn", "wer", "werden", "wie", "wieso", "wir", "wird", "wo", "wofür", "wozu", "worin", "zu", "zum", "zur", "zwischen",
  "arten", "aufgabe", "beispiel", "beispiele", "berechne", "berechnen", "berechnet", "beweise", "funktion", "funktioniert",
  "heißt", "nenne", "nennen", "rolle", "teile", "unterschied", "unterscheiden", "vergleiche", "zeige", "zweck",
  "au", "aux", "avec", "ce", "cette", "comment", "cours", "dans", "de", "définir", "définition", "des", "diapositive", "du",
  "elle", "en", "est", "et", "expliquer", "expliquez", "explique", "fait", "il", "ils", "je", "la", "le", "les", "moi",
  "ou", "où", "par", "pas", "pour", "pourquoi", "quand", "que", "quel", "quelle", "quelles", "quels", "qui", "quoi", "se",
  "signifie", "son", "sont", "sur", "un", "une", "vous",
  "appelle", "calcule", "calculer", "différence", "exemple", "exemples", "fonction", "fonctionne", "montre", "rôle", "types",
  "clase", "calcular", "diferencia", "ejemplo", "ejemplos", "función", "funciona", "tipos", "como", "cómo", "con", "cuál", "cuáles", "cuando", "cuándo", "cuánto", "curso", "del", "diapositiva", "dónde",
  "el", "ella", "es", "están", "explica", "explícame", "explicar", "hay", "las", "lo", "los", "para", "por", "porque", "qué",
  "quién", "ser", "significa", "sobre", "son", "su", "una", "y",
  "che", "chi", "come", "corso", "cosa", "cos", "dei", "della", "di", "dove", "gli", "i", "lezione", "nel", "per", "perché",
  "qual", "quale", "quali", "quando", "sono", "spiega", "spiegare", "è",
  "aula", "como", "da", "do", "dos", "é", "explique", "na", "no", "o", "onde", "os", "qual", "quais", "quem", "são", "uma",
  "部分", "进行", "功能", "作用", "区别", "例子", "举例", "请", "解释", "意思", "谁", "吗", "呢", "的", "是", "在", "和", "有", "了", "由", "把",
  "は", "が", "を", "に", "で", "と", "の", "も", "へ", "や", "か", "です", "ます", "する", "し", "いつ", "どこ", "どの", "どう", "なぜ", "誰", "何",
  "違い", "役割", "例", "ください", "から", "まで", "より",
  "왜", "어디", "언제", "어떤", "차이", "역할", "예시", "그리고", "또는",
  "betekent", "bij", "een", "het", "hoe", "in", "is", "kan", "les", "uit", "van", "wanneer", "waarom", "waar",
  "wat", "welke", "wie", "zijn",
]);

export const isQuestionWord = (word: string): boolean => QUESTION_WORDS.has(word.toLowerCase());

/** Phrases of languages that join function words to other words; longer phrases first. */
// biome-ignore format: words, by language: Chinese, Japanese, Korean
const QUESTION_PHRASES = new RegExp([
  "请问", "请解释", "解释一下", "什么是", "是什么", "为什么", "什么", "怎么样", "怎么", "怎样", "如何", "在哪里", "在哪儿", "哪里", "哪些", "哪个", "在哪", "多少", "有何", "是谁",
  "とは何ですか", "とは何か", "とは", "は何ですか", "何ですか", "ですか", "ますか", "について", "説明して(?:ください)?", "教えて(?:ください)?", "どのように",
  "무엇(?:인가요|입니까|인가)?", "(?:설명|알려)해? ?주세요", "설명하세요", "어떻게", "누구(?:인가요|입니까)?",
].join("|"), "gu");

/** A question without Chinese, Japanese and Korean question phrases; unchanged if nothing else remains. */
export function withoutQuestionPhrases(question: string): string {
  const rest = question.replace(QUESTION_PHRASES, " ");
  return /[\p{L}\p{N}]/u.test(rest) ? rest : question;
}
