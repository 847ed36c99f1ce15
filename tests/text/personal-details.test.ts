import { expect, test } from "bun:test";
import { maskPersonalDetails } from "../../src/text/personal-details";

test.each([
  ["Is anna.schmidt@uni-bonn.de the tutor?", "Is … the tutor?"],
  ["Write to anna (at) uni-bonn (dot) de", "Write to …"],
  ["Ask @anna_s about entropy", "Ask … about entropy"],
  ["My number is 3141592, why did I fail?", "My number is …, why did I fail?"],
  ["Matrikel s1234567: wann ist die Klausur?", "Matrikel …: wann ist die Klausur?"],
  ["Card 123-456-789 does not work", "Card … does not work"],
  ["Call +49 228 123456 please", "Call … please"],
  ["Why does entropy grow? I am Cyd Baker from Bonn.", "Why does entropy grow? I am … from Bonn."],
  ["hi, i'm Cyd. What is entropy?", "hi, i'm …. What is entropy?"],
  ["Ich heiße Jörg Müller-Lüdenscheidt, was ist Entropie?", "Ich heiße …, was ist Entropie?"],
  ["Je m’appelle Zoé. Qu'est-ce que l'entropie ?", "Je m’appelle …. Qu'est-ce que l'entropie ?"],
  ["What is entropy?\nBest regards\nAnna Schmidt", "What is entropy?\nBest regards\n…"],
  ["Was ist Entropie? Viele Grüße, Anna", "Was ist Entropie? Viele Grüße, …"],
  ["my name's Bob Jones, why?", "my name's …, why?"],
  ["Mein Name lautet Lena Krüger. Warum?", "Mein Name lautet …. Warum?"],
  ["Hier ist Max Mustermann: wann ist die Klausur?", "Hier ist …: wann ist die Klausur?"],
  ["This is Tim from group 4", "This is … from group 4"],
  ["Matrikelnummer 12 345 678, wo ist meine Note?", "Matrikelnummer …, wo ist meine Note?"],
  ["My student ID is ab12cde. Why?", "My student ID is …. Why?"],
  ["numéro d'étudiant : 215 044, pourquoi ?", "numéro d'étudiant : …, pourquoi ?"],
  ["Konto DE89 3704 0044 0532 0130 00 ist falsch", "Konto … ist falsch"],
  ["What is entropy? Signed: Maria Lopez", "What is entropy? Signed: …"],
  ["I am Dr. Anna B. Schmidt, why?", "I am …, why?"],
  ["Ich bin Prof. Müller. Ludwig van Beethoven?", "Ich bin …. Ludwig van Beethoven?"],
  ["Ik ben Jan de Vries, waarom?", "Ik ben …, waarom?"],
  ["my name is anna schmidt, why?", "my name is …, why?"],
  ["ich heiße anna und frage: warum?", "ich heiße … und frage: warum?"],
  ["Me llamo José García López", "Me llamo …"],
  ["Je m'appelle Zoe\u0308 Durand", "Je m'appelle …"],
  ["Меня зовут Иван Петров, почему?", "Меня зовут …, почему?"],
  ["اسمي محمد، لماذا؟", "اسمي …، لماذا؟"],
  ["我叫王小明，什么是熵？", "我叫…，什么是熵？"],
  ["私の名前は田中太郎です。なぜ", "私の名前は…です。なぜ"],
  ["제 이름은 김철수입니다", "제 이름은 …입니다"],
  ["Why?\nBest,\nAnna", "Why?\nBest,\n…"],
  ["Why?\nKind regards\nanna schmidt\nMatr.-Nr. 1234", "Why?\nKind regards\n…\nMatr.-Nr. …"],
  ["Why?\n– Anna Schmidt", "Why?\n– …"],
  ["Write to anna[at]uni-bonn[dot]de", "Write to …"],
  ["Write to anna at uni-bonn dot de", "Write to …"],
  ["Write to anna @ uni-bonn.de", "Write to …"],
  ["Write to anna＠uni-bonn.de", "Write to …"],
  ["See linkedin.com/in/anna-schmidt", "See …"],
  ["Call (555) 123-4567 or 555 123 4567", "Call … or …"],
  ["tel. 555 1234, why?", "tel. …, why?"],
  ["0228–123–456 or +(49) 228 123456", "… or …"],
  ["٠١٢٣٤٥٦٧٨٩ ما", "… ما"],
  ["学号是2023，为什么", "学号是…，为什么"],
  ["학번은 2023", "학번은 …"],
  ["N° étudiant 1234, matricola 987, DNI 12A", "N° étudiant …, matricola …, DNI …"],
  ["SSN 123-45-6789", "SSN …"],
  ["mi DNI es 12.345.678-Z, ¿por qué?", "mi DNI es …, ¿por qué?"],
  ["NIE X1234567L, dni 12345678z", "NIE …, dni …"],
  ["Hello, the name is Bond", "Hello, the name is …"],
  ["Danke, lg jo", "Danke, lg …"],
])("masks the personal details in %j", (text, masked) => {
  expect(maskPersonalDetails(text)).toBe(masked);
});

test.each([
  "What did Shannon publish in 1948?",
  "Why were 1 000 000 samples taken from 2010-2015?",
  "Is pi 3.14159265 or 3,14159265?",
  "How are nn.Linear and TCP/IP related to RFC 793?",
  "I am confused by Huffman codes",
  "This is Entropy explained?",
  "Hier ist Entropie gemeint, oder?",
  "How many students does SHA256 have on page 12?",
  "Thanks to Claude Shannon we know entropy. Why?",
  "Wann ist die Klausur am 2026-02-14?",
  "How do we arrive at the dot product of two vectors?",
  "What is a mobile robot, and the best case of Quicksort?",
  "Thanks to Shannon\nwe know what?",
  "What does matrix A2 do in step 3?",
  "Warum ist der Nenner nie 0?",
  "Ile dni 5 minut?",
  "What happens when the name is null?",
  "What is lg n",
])("leaves %j as it is", (text) => {
  expect(maskPersonalDetails(text)).toBe(text);
});

test.each([
  "a",
  "é",
  "我是",
  " ",
  "\n",
  "1",
  "+",
  "1-",
  "0 ",
  "a@",
  "@a.",
  "a at b dot ",
  "I am A ",
  "Dr. ",
  "van Aa",
  "thanks ",
  "matrikel",
  "student id is ",
  "iban ",
  "DE89 ",
  "Hier ist A",
  "lg a\n",
  "- Aa\n",
])("takes little time for a text of only %j", (piece) => {
  const text = piece.repeat(100_000 / piece.length);
  maskPersonalDetails(text);
  const start = process.cpuUsage();
  for (let i = 0; i < 20; i += 1) maskPersonalDetails(text);
  const { user, system } = process.cpuUsage(start);
  expect((user + system) / 1_000).toBeLessThan(1_000);
});

test("leaves out the end of a long text, with the part of a detail at the cut", () => {
  const words = "word ".repeat(397);
  expect(maskPersonalDetails(`${words}then anna.schmidt@uni-bonn.de ${words}`)).toBe(
    `${words}then …`,
  );
});
