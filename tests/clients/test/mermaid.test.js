// What the program writes for Mermaid, read by Mermaid: every step is one node with its own name, whatever it is called.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { JSDOM } from 'jsdom';

const { window } = new JSDOM('<!doctype html><body></body>');
Object.assign(globalThis, { window, document: window.document });
const { default: mermaid } = await import('mermaid');
mermaid.initialize({ startOnLoad: false, maxEdges: 100_000, maxTextSize: 10_000_000 });

const home = mkdtempSync(join(tmpdir(), 'tasker-mermaid-'));
mkdirSync(join(home, 'tasks'));
after(() => rmSync(home, { recursive: true }));

/** The diagram that Mermaid reads of a template with steps of these names, each after the one before. */
async function read(names) {
  const steps = names.map((name, no) => ({
    name,
    handler_class: `Handler of ${name}`.slice(0, 200),
    depends_on_steps: no ? [names[no - 1]] : [],
  }));
  writeFileSync(join(home, 'tasks', 'drawn.yaml'), JSON.stringify({ name: 'drawn', step_templates: steps }));
  const place = ['--config', home];
  const text = execFileSync(process.env.TASKER_PROGRAM, ['template', 'diagram', 'drawn', ...place], { encoding: 'utf8' });
  assert.deepEqual(await mermaid.parse(text), { diagramType: 'flowchart-v2', config: {} });
  const { db } = await mermaid.mermaidAPI.getDiagramFromText(text);
  return { text, db, nodes: [...db.getVertices().values()] };
}

/** A label as a browser shows it: Mermaid's marks are HTML's entities by then. */
function shown(label) {
  const element = window.document.createElement('div');
  element.innerHTML = label.replaceAll('ﬂ°°', '&#').replaceAll('ﬂ°', '&').replaceAll('¶ß', ';');
  assert.deepEqual([...element.children].map((child) => child.tagName), ['BR'], `${label} has more than a line break`);
  return element.firstChild.textContent;
}

async function stands(names) {
  const { text, db, nodes } = await read(names);
  assert.deepEqual(nodes.map(({ id }) => id), names.map((_, no) => `s${no}`), text);
  assert.equal(db.getEdges().length, names.length - 1, text);
  assert.deepEqual([...db.getClasses().keys()], ['step'], text);
  assert.deepEqual(db.getSubGraphs(), [], text);
  nodes.forEach((node, no) => {
    const name = shown(node.text);
    const whole = name.endsWith('…') && !names[no].startsWith(name) ? name.slice(0, -1) : name;
    assert.ok(names[no].startsWith(whole.trimEnd()) && whole !== '', `${JSON.stringify(names[no])} is shown as ${JSON.stringify(name)}`);
    assert.equal(node.link, undefined);
    assert.equal(node.labelType, 'string', 'Markdown is not read');
  });
}

test('names that mean something to Mermaid mean themselves', () =>
  stands([
    'say "hi"', '"]', "it's", '`code`', '"`**bold**`"', '**bold** _soft_', '1. first', '- item', '# heading', 'a --> b', 'a -.- b', 'a === b',
    '%% comment', '%%{init: {"theme": "dark"}}%%', 'end', 'click s0 href "https://example.org"', 'click s1 call alert()', 'style s0 fill:#f00;',
    'classDef step fill:#000;', 'style x:#35;', 'subgraph x', 'direction LR', 'linkStyle 0 stroke:#f00', '<b>bold</b>', '<script>alert(1)</script>',
    '<img src=x onerror=alert(1)>', '&lt;b&gt;', '&amp;', '#quot;', '#35;', '#lt;', 'ﬂ°°35¶ß', 'fa:fa-car', '$$x^2$$', '[x]', '(x)', '{x}', '{{x}}',
    '[(x)]', '((x))', '>x]', '/x/', '\\x\\', '|x|', 'a@{ shape: cat }', 'a:::step', 'a & b', ';', '---', '...', 'a; b --> c', '\u{1f469}\u{200d}\u{1f467}',
    '注文を取得する', 'שלום עולם', 'مرحبا بالعالم', 'e\u0301', 'x'.repeat(200), '注'.repeat(200), '"'.repeat(200), 'accTitle: x', 'graph TD', 's0',
  ]));

test('random names mean themselves', async () => {
  const parts = [...'"\'`<>[](){}|/\\&#;:%$*_~-=.@!?,^+', 'end', 'click', 'style', 'a', 'B', '7', ' ', '<br/>', '#35;', 'é', '注', '\u{1f600}', 'ש', '-->'];
  let state = 42;
  const random = (below) => (state = (state * 1103515245 + 12345) % 2147483648) % below;
  for (let round = 0; round < 8; round++) {
    const names = new Set();
    while (names.size < 60) {
      const name = Array.from({ length: 1 + random(20) }, () => parts[random(parts.length)]).join('').trim();
      if (name) names.add(name.slice(0, 200));
    }
    await stands([...names]);
  }
});
