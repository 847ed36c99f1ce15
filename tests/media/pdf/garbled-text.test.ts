import { describe, expect, test } from "bun:test";
import { isGarbled, withoutPrivateUse } from "../../../src/media/pdf/garbled-text";

describe("isGarbled", () => {
  test.each([
    ["the letters are private-use characters", "\ue012\ue034\ue056 \ue011\ue099 \ue010\ue020"],
    ["some letters are missing", "The de\ue000nition of e\ue001ciency is simple"],
    ["the letters are shifted", "(QWURS\\ LV WKH DYHUDJH VXUSULVH RI D VRXUFH ZKLFK ZH PHDVXUH"],
    ["the glyphs are numbered from a blank", '7KH"VHFRQG#ODZ$RI%WKHUPR&G\\QDPLFV'],
    ["the characters are unknown", "\ufffd\ufffd\ufffd\ufffd \ufffd\ufffd\ufffd"],
  ])("is true where %s", (_, text) => {
    expect(isGarbled(text)).toBe(true);
  });

  test.each([
    ["English", "Entropy is the average surprise of a source, measured in bits."],
    ["German", "Die Wahrscheinlichkeit für Fußgängerüberwege beträgt 0,5 %."],
    ["Polish", "Wszystkie wskaźniki są równe w chwili początkowej, źródło: GUS"],
    ["Chinese", "信息论与熵是通信的基础"],
    ["a formula", "H(X) = − Σ_x p(x) log_2 p(x)"],
    ["code", "for (let i = 0; i < n; i++) { total += prices[i]; }"],
    [
      "links",
      "https://example.org/a-b/c?x=1&y=2 https://www.uni.edu/~jane/cs101/ jane.doe@uni.edu",
    ],
    [
      "C++",
      "std::vector<std::unique_ptr<Node>> m_children; template<typename T> void push_back(T&& v);",
    ],
    ["CSS", ".btn-primary:hover{background-color:#0d6efd;border-radius:.25rem}"],
    ["JSON", '{"name":"lectern","version":"0.1.0","scripts":{"test":"bun test"}}'],
    ["numbers of programs", "0x7fffffff 0xdeadbeef 0b101010 a3f5c9e1b2d4 1f8b0800"],
    ["chemistry", "C6H12O6 + 6O2 → 6CO2 + 6H2O NaCl H2SO4 CH3COOH CaCO3"],
    ["a table", "rain\t1/8\t3 bits\t0.375\nsun\t1/2\t1 bit\t0.5"],
    ["abbreviations", "TCP/IP, HTTPS, DNS-over-TLS, x86_64, IEEE 802.11ac, mRNA"],
    ["bullets of a symbol font", "\uf0b7 First point\n\uf0a7 Second point"],
    ["bullets of OpenSymbol", "\ue00c First point\n\ue00c Second point"],
    ["little", "Q&A"],
    ["nothing", ""],
  ])("is false for %s", (_, text) => {
    expect(isGarbled(text)).toBe(false);
  });
});

test("private-use characters become bullets at the start of a line, and vanish elsewhere", () => {
  expect(withoutPrivateUse("\uf0b7 First\nA \ue000word\ue001")).toBe("• First\nA word");
});
