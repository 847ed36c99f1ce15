/** The sentences of a generated course, by language. Slides, speech and questions say one fact in different words. */

export const COURSE_LANGUAGES = ["en", "de", "fr"] as const;
export type CourseLanguage = (typeof COURSE_LANGUAGES)[number];

/** What one page is about. Names are invented, so a course is the only place that has them. */
export type Concept = {
  name: string;
  kind: number;
  inventor: string;
  year: number;
  limit: number;
  unit: number;
  action: number;
  object: number;
  weakness: number;
  material: number;
};

/** One fact on the slide and in speech; `asked` are questions that it answers. */
export type FactPhrases = { written: string | null; spoken: string | null; asked: string[] };

export type Phrases = {
  voice: string;
  lectureTitle(topic: string, number: number): string;
  pageTitle(concept: Concept): string;
  facts(concept: Concept): Record<FactKind, FactPhrases>;
  /** Asks for a fact that no lecture states. */
  missingFact(concept: Concept): string;
  compare(concept: Concept, other: Concept): string;
  fillers: readonly string[];
  otherTopics: readonly string[];
};

export const FACT_KINDS = ["origin", "limit", "purpose", "weakness", "material"] as const;
/** `weakness` is only spoken, `material` is only written. */
export type FactKind = (typeof FACT_KINDS)[number];

const of = (list: readonly string[], index: number) => list[index % list.length]!;

/** [written, spoken] */
const UNITS: Record<CourseLanguage, readonly [string, string][]> = {
  en: [
    ["kPa", "kilopascal"],
    ["°C", "degrees Celsius"],
    ["V", "volts"],
    ["kg", "kilograms"],
  ],
  de: [
    ["kPa", "Kilopascal"],
    ["°C", "Grad Celsius"],
    ["V", "Volt"],
    ["kg", "Kilogramm"],
  ],
  fr: [
    ["kPa", "kilopascals"],
    ["°C", "degrés Celsius"],
    ["V", "volts"],
    ["kg", "kilogrammes"],
  ],
};

// The actions and objects have the same length in each language, so a concept works in all of them.
// The second form of an action and of an object is a synonym, which only questions use.
const EN_ACTIONS = [
  ["cool", "chill"],
  ["lift", "raise"],
  ["measure", "determine the amount of"],
  ["clean", "purify"],
  ["dry", "remove the water from"],
  ["heat", "warm"],
  ["grind", "crush"],
  ["store", "keep"],
  ["move", "transport"],
  ["colour", "dye"],
] as const;
const EN_OBJECTS = [
  ["melted glass", "liquid glass"],
  ["sea water", "water of the ocean"],
  ["raw wool", "untreated wool"],
  ["fresh milk", "new milk"],
  ["stone dust", "powder of rock"],
  ["thin paper", "light paper"],
  ["steel wire", "metal wire"],
  ["ripe grain", "harvested corn"],
  ["blue ink", "ink for writing"],
  ["warm air", "hot air"],
  ["wet clay", "damp earth"],
  ["green wood", "fresh timber"],
] as const;
const DE_ACTIONS = [
  ["kühlen", "abkühlen"],
  ["heben", "anheben"],
  ["messen", "bestimmen"],
  ["reinigen", "säubern"],
  ["trocknen", "entwässern"],
  ["erhitzen", "erwärmen"],
  ["mahlen", "zerkleinern"],
  ["lagern", "aufbewahren"],
  ["bewegen", "transportieren"],
  ["färben", "einfärben"],
] as const;
const DE_OBJECTS = [
  ["geschmolzenes Glas", "flüssiges Glas"],
  ["Meerwasser", "Wasser aus dem Meer"],
  ["rohe Wolle", "unbehandelte Wolle"],
  ["frische Milch", "neue Milch"],
  ["Steinstaub", "Staub von Steinen"],
  ["dünnes Papier", "leichtes Papier"],
  ["Stahldraht", "Draht aus Stahl"],
  ["reifes Korn", "geerntetes Getreide"],
  ["blaue Tinte", "Tinte zum Schreiben"],
  ["warme Luft", "heiße Luft"],
  ["nassen Ton", "feuchte Erde"],
  ["grünes Holz", "frisches Holz"],
] as const;
const FR_ACTIONS = [
  ["refroidir", "rafraîchir"],
  ["soulever", "lever"],
  ["mesurer", "déterminer"],
  ["nettoyer", "purifier"],
  ["sécher", "déshydrater"],
  ["chauffer", "réchauffer"],
  ["moudre", "broyer"],
  ["stocker", "conserver"],
  ["déplacer", "transporter"],
  ["colorer", "teindre"],
] as const;
const FR_OBJECTS = [
  ["le verre fondu", "le verre liquide"],
  ["l'eau de mer", "l'eau salée"],
  ["la laine brute", "la laine non traitée"],
  ["le lait frais", "le lait nouveau"],
  ["la poussière de pierre", "la poudre de roche"],
  ["le papier mince", "le papier léger"],
  ["le fil d'acier", "le fil de métal"],
  ["le grain mûr", "les céréales récoltées"],
  ["l'encre bleue", "l'encre pour écrire"],
  ["l'air tiède", "l'air chaud"],
  ["l'argile humide", "la terre mouillée"],
  ["le bois vert", "le bois jeune"],
] as const;
export const ACTIONS = EN_ACTIONS.length;
export const OBJECTS = EN_OBJECTS.length;

const pair = (list: readonly (readonly [string, string])[], index: number) =>
  list[index % list.length]!;

const EN_KINDS = ["filter", "engine", "method", "valve", "press", "furnace"] as const;
const EN_WEAKNESSES = [
  "it rusts in salty air",
  "it makes a loud noise at night",
  "its seals leak after a few weeks",
  "children can hurt their fingers on it",
  "it needs a new belt every month",
  "insects like to build nests in it",
  "it shakes when the floor is uneven",
  "lightning destroys its switch",
] as const;
const EN_MATERIALS = [
  "copper and graphite",
  "oak and brass",
  "granite and lead",
  "silver and cork",
  "zinc and leather",
  "bamboo and tin",
  "marble and iron",
  "nickel and rubber",
] as const;

const en: Phrases = {
  voice: "en",
  lectureTitle: (topic, number) => `Lecture ${number}: machines of the ${topic} school`,
  pageTitle: (c) => `The ${c.name} ${of(EN_KINDS, c.kind)}`,
  facts: (c) => {
    const name = `${c.name} ${of(EN_KINDS, c.kind)}`;
    const [short, long] = UNITS.en[c.unit % 4]!;
    const [action, actionSynonym] = pair(EN_ACTIONS, c.action);
    const [object, objectSynonym] = pair(EN_OBJECTS, c.object);
    return {
      origin: {
        written: `Invented: ${c.year}, by ${c.inventor}`,
        spoken: `The ${name} was invented by ${c.inventor} in the year ${c.year}.`,
        asked: [`Who came up with the ${name}?`, `When did ${c.inventor} publish an invention?`],
      },
      limit: {
        written: `Limit: ${c.limit} ${short}`,
        spoken: `You must never run it above ${c.limit} ${long}, because it breaks.`,
        asked: [`How far can I go with the ${name} before it breaks?`],
      },
      purpose: {
        written: `Purpose: to ${action} ${object}`,
        spoken: `We use it whenever we have to ${action} ${object}.`,
        asked: [`How can I ${actionSynonym} ${objectSynonym}?`],
      },
      weakness: {
        written: null,
        spoken: `The weak point of the ${name} is that ${of(EN_WEAKNESSES, c.weakness)}.`,
        asked: [`What is the disadvantage of the ${name}?`],
      },
      material: {
        written: `Made of ${of(EN_MATERIALS, c.material)}`,
        spoken: null,
        asked: [`Which materials do I need to build the ${name}?`],
      },
    };
  },
  missingFact: (c) => `What does a ${c.name} ${of(EN_KINDS, c.kind)} cost in the shop?`,
  compare: (c, other) =>
    `Do not confuse the ${c.name} ${of(EN_KINDS, c.kind)} with the ${other.name} ${of(EN_KINDS, other.kind)}.`,
  fillers: [
    "Let us look at this a little more closely.",
    "You can see the drawing on the left side.",
    "This will be important in the exercises.",
    "Please ask if something is not clear.",
    "I will come back to this point later.",
    "Take a moment and write that down.",
    "A student asked me about exactly this last year.",
    "The drawing is older than it looks.",
  ],
  otherTopics: [
    "Who won the football championship in Brazil?",
    "How do volcanoes erupt?",
    "Which vitamins do oranges contain?",
    "What did Shakespeare write about Denmark?",
    "How many moons orbit Jupiter?",
    "Why did the Roman Empire collapse?",
  ],
};

const DE_KINDS = ["Filter", "Motor", "Apparat", "Regler", "Ofen", "Kessel"] as const;
const DE_WEAKNESSES = [
  "er in salziger Luft rostet",
  "er nachts laute Geräusche macht",
  "seine Dichtungen nach einigen Wochen lecken",
  "sich Kinder daran die Finger verletzen",
  "er jeden Monat einen neuen Riemen braucht",
  "Insekten gern Nester darin bauen",
  "er auf unebenem Boden wackelt",
  "ein Blitz seinen Schalter zerstört",
] as const;
const DE_MATERIALS = [
  "Kupfer und Graphit",
  "Eiche und Messing",
  "Granit und Blei",
  "Silber und Kork",
  "Zink und Leder",
  "Bambus und Zinn",
  "Marmor und Eisen",
  "Nickel und Gummi",
] as const;

const de: Phrases = {
  voice: "de",
  lectureTitle: (topic, number) => `Vorlesung ${number}: Maschinen der Schule von ${topic}`,
  pageTitle: (c) => `Der ${c.name}-${of(DE_KINDS, c.kind)}`,
  facts: (c) => {
    const name = `${c.name}-${of(DE_KINDS, c.kind)}`;
    const [short, long] = UNITS.de[c.unit % 4]!;
    const [action, actionSynonym] = pair(DE_ACTIONS, c.action);
    const [object, objectSynonym] = pair(DE_OBJECTS, c.object);
    return {
      origin: {
        written: `Erfunden: ${c.year}, von ${c.inventor}`,
        spoken: `Der ${name} wurde im Jahr ${c.year} von ${c.inventor} erfunden.`,
        asked: [
          `Wer hat sich den ${name} ausgedacht?`,
          `Wann hat ${c.inventor} eine Erfindung vorgestellt?`,
        ],
      },
      limit: {
        written: `Grenze: ${c.limit} ${short}`,
        spoken: `Man darf ihn nie über ${c.limit} ${long} betreiben, denn sonst geht er kaputt.`,
        asked: [`Wie weit kann ich mit dem ${name} gehen, bevor er kaputt geht?`],
      },
      purpose: {
        written: `Zweck: ${object} ${action}`,
        spoken: `Wir nehmen ihn immer dann, wenn wir ${object} ${action} müssen.`,
        asked: [`Womit kann ich ${objectSynonym} ${actionSynonym}?`],
      },
      weakness: {
        written: null,
        spoken: `Die Schwachstelle am ${name} ist, dass ${of(DE_WEAKNESSES, c.weakness)}.`,
        asked: [`Welchen Nachteil hat der ${name}?`],
      },
      material: {
        written: `Gebaut aus ${of(DE_MATERIALS, c.material)}`,
        spoken: null,
        asked: [`Welche Werkstoffe brauche ich für den ${name}?`],
      },
    };
  },
  missingFact: (c) => `Was kostet ein ${c.name}-${of(DE_KINDS, c.kind)} im Laden?`,
  compare: (c, other) =>
    `Verwechseln Sie den ${c.name}-${of(DE_KINDS, c.kind)} nicht mit dem ${other.name}-${of(DE_KINDS, other.kind)}.`,
  fillers: [
    "Schauen wir uns das etwas genauer an.",
    "Die Zeichnung sehen Sie auf der linken Seite.",
    "Das wird in den Übungen wichtig.",
    "Fragen Sie bitte, wenn etwas unklar ist.",
    "Auf diesen Punkt komme ich später zurück.",
    "Nehmen Sie sich kurz Zeit und schreiben Sie das auf.",
    "Genau danach wurde ich letztes Jahr gefragt.",
    "Die Zeichnung ist älter, als sie aussieht.",
  ],
  otherTopics: [
    "Wer hat die Fußballmeisterschaft in Brasilien gewonnen?",
    "Wie brechen Vulkane aus?",
    "Welche Vitamine enthalten Orangen?",
    "Was schrieb Shakespeare über Dänemark?",
    "Wie viele Monde umkreisen den Jupiter?",
    "Warum zerfiel das Römische Reich?",
  ],
};

const FR_KINDS = ["filtre", "moteur", "procédé", "régulateur", "four", "compresseur"] as const;
const FR_WEAKNESSES = [
  "qu'il rouille dans un air salé",
  "qu'il fait beaucoup de bruit la nuit",
  "que ses joints fuient après quelques semaines",
  "que les enfants se blessent les doigts avec",
  "qu'il faut une nouvelle courroie chaque mois",
  "que les insectes y construisent leurs nids",
  "qu'il tremble sur un sol inégal",
  "que la foudre détruit son interrupteur",
] as const;
const FR_MATERIALS = [
  "cuivre et graphite",
  "chêne et laiton",
  "granit et plomb",
  "argent et liège",
  "zinc et cuir",
  "bambou et étain",
  "marbre et fer",
  "nickel et caoutchouc",
] as const;

const fr: Phrases = {
  voice: "fr",
  lectureTitle: (topic, number) => `Cours ${number} : les machines de la tradition ${topic}`,
  pageTitle: (c) => `Le ${of(FR_KINDS, c.kind)} ${c.name}`,
  facts: (c) => {
    const name = `${of(FR_KINDS, c.kind)} ${c.name}`;
    const [short, long] = UNITS.fr[c.unit % 4]!;
    const [action, actionSynonym] = pair(FR_ACTIONS, c.action);
    const [object, objectSynonym] = pair(FR_OBJECTS, c.object);
    return {
      origin: {
        written: `Invention : ${c.year}, par ${c.inventor}`,
        spoken: `Le ${name} a été inventé par ${c.inventor} en ${c.year}.`,
        asked: [
          `Qui a imaginé le ${name} ?`,
          `Quand est-ce que ${c.inventor} a présenté une invention ?`,
        ],
      },
      limit: {
        written: `Limite : ${c.limit} ${short}`,
        spoken: `Il ne faut jamais dépasser ${c.limit} ${long}, parce que tout se casse.`,
        asked: [`Jusqu'où peut-on aller avec le ${name} sans le casser ?`],
      },
      purpose: {
        written: `But : ${action} ${object}`,
        spoken: `On l'utilise chaque fois qu'il faut ${action} ${object}.`,
        asked: [`Avec quoi peut-on ${actionSynonym} ${objectSynonym} ?`],
      },
      weakness: {
        written: null,
        spoken: `Le point faible du ${name}, c'est ${of(FR_WEAKNESSES, c.weakness)}.`,
        asked: [`Quel est l'inconvénient du ${name} ?`],
      },
      material: {
        written: `Fabriqué en ${of(FR_MATERIALS, c.material)}`,
        spoken: null,
        asked: [`Quels matériaux faut-il pour construire le ${name} ?`],
      },
    };
  },
  missingFact: (c) => `Combien coûte un ${of(FR_KINDS, c.kind)} ${c.name} au magasin ?`,
  compare: (c, other) =>
    `Ne confondez pas le ${of(FR_KINDS, c.kind)} ${c.name} avec le ${of(FR_KINDS, other.kind)} ${other.name}.`,
  fillers: [
    "Regardons cela d'un peu plus près.",
    "Le dessin se trouve sur le côté gauche.",
    "Cela sera important pendant les exercices.",
    "Posez vos questions si quelque chose manque de clarté.",
    "Je reviendrai plus tard sur ce point.",
    "Prenez un instant et notez cela.",
    "L'an dernier, on m'a demandé exactement cela.",
    "Le dessin est plus vieux que son apparence.",
  ],
  otherTopics: [
    "Qui a gagné le championnat de football au Brésil ?",
    "Comment les volcans entrent-ils en éruption ?",
    "Quelles vitamines contiennent les oranges ?",
    "Que dit Shakespeare du Danemark ?",
    "Combien de lunes tournent autour de Jupiter ?",
    "Pourquoi l'Empire romain est-il tombé ?",
  ],
};

export const PHRASES: Record<CourseLanguage, Phrases> = { en, de, fr };
