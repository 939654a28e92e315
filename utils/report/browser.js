// The browser of samples: filters, the list, one sample with its diff and its lineage.

const CONTEXT = 4;
const FILTERS = { file: "Files", topic: "Topics", model: "Models", style: "Styles", edit_kind: "Edit kinds", tested: "Verdicts by tests", reason: "Kept and rejected" };

function lineText(line) { return typeof line === "string" ? line : line[0]; }

function codeCell(line, side, changed) {
  const cell = el("div", { class: `code ${side}` });
  if (line === undefined) return cell;
  const text = lineText(line);
  const spans = typeof line === "string" ? [0, text.length] : line[1];
  const [from, to] = changed || [0, 0];
  let at = 0;
  for (let index = 0; index < spans.length; index += 2) {
    const end = at + spans[index + 1];
    for (const [start, stop, marked] of [[at, Math.min(end, from), 0], [Math.max(at, from), Math.min(end, to), 1], [Math.max(at, to), end, 0]])
      if (stop > start) cell.append(el(marked ? "mark" : "span", { class: spans[index] ? `code-${spans[index]}` : undefined, text: text.slice(start, stop) }));
    at = end;
  }
  return cell;
}

// What differs between two lines: the part between their common beginning and their common end.
function changedPart(old, fresh) {
  const least = Math.min(old.length, fresh.length);
  let head = 0;
  while (head < least && old[head] === fresh[head]) head += 1;
  let tail = 0;
  while (tail < least - head && old[old.length - 1 - tail] === fresh[fresh.length - 1 - tail]) tail += 1;
  return Math.max(old.length, fresh.length) > 3 * (head + tail) ? null : [[head, old.length - tail], [head, fresh.length - tail]];
}

// One column below 700 pixels: what went above what came, and equal lines once.
function unifiedDiff(blocks) {
  const view = el("div", { class: "diff unified" });
  let [old, fresh] = [0, 0];
  const line = (content, side, numbers, changed) => [el("div", { class: `no ${side}`, text: numbers }),
    el("div", { class: `sign ${side}`, text: side === "old" ? "−" : side === "new" ? "+" : "" }), codeCell(content, side, changed)];
  const equal = (content) => { old += 1; fresh += 1; return line(content, "", String(fresh)); };
  blocks.forEach((block, index) => {
    if (block.length === 1) return view.append(...folded(block[0].map(equal), index === 0, index === blocks.length - 1));
    const parts = block[0].map((content, row) => (block[1][row] === undefined ? null : changedPart(lineText(content), lineText(block[1][row]))));
    block[0].forEach((content, row) => view.append(...line(content, "old", String((old += 1)), parts[row] && parts[row][0])));
    block[1].forEach((content, row) => view.append(...line(content, "new", String((fresh += 1)), parts[row] && parts[row][1])));
  });
  return view;
}

// Equal lines far from a change are put behind a button.
function folded(lines, isFirst, isLast) {
  const head = isFirst ? 0 : CONTEXT;
  const tail = isLast ? 0 : CONTEXT;
  const hidden = lines.length - head - tail;
  if (hidden < 4) return lines.flat();
  const fold = el("button", { type: "button", class: "fold", text: `${hidden} unchanged lines`, on: { click: () => fold.replaceWith(...lines.slice(head, head + hidden).flat()) } });
  return [...lines.slice(0, head).flat(), fold, ...lines.slice(lines.length - tail).flat()];
}

// Drawn as the width asks, and drawn anew when that changes.
function diffView(blocks) {
  const place = el("div");
  const draw = () => place.replaceChildren(isNarrow.matches ? unifiedDiff(blocks) : splitDiff(blocks));
  const redraw = () => (place.isConnected ? draw() : isNarrow.removeEventListener("change", redraw));
  isNarrow.addEventListener("change", redraw);
  draw();
  return place;
}

function splitDiff(blocks) {
  const view = el("div", { class: "diff" }, el("div", { class: "head", text: "Code before" }), el("div", { class: "head", text: "Code after" }));
  let [old, fresh] = [0, 0];
  const numbered = (value, side) => el("div", { class: `no ${side}`, text: value || "" });
  const pair = (line, numbers) => [numbered(numbers[0], ""), codeCell(line, ""), numbered(numbers[1], ""), codeCell(line, "")];
  blocks.forEach((block, index) => {
    if (block.length === 1) {
      const lines = block[0].map((line) => pair(line, [(old += 1), (fresh += 1)]));
      return view.append(...folded(lines, index === 0, index === blocks.length - 1));
    }
    for (let row = 0; row < Math.max(block[0].length, block[1].length); row += 1) {
      const [left, right] = [block[0][row], block[1][row]];
      const parts = left !== undefined && right !== undefined ? changedPart(lineText(left), lineText(right)) : null;
      const [oldSide, newSide] = [left === undefined ? "" : "old", right === undefined ? "" : "new"];
      view.append(numbered(oldSide && (old += 1), oldSide), codeCell(left, oldSide, parts && parts[0]),
        numbered(newSide && (fresh += 1), newSide), codeCell(right, newSide, parts && parts[1]));
    }
  });
  return view;
}

// What was found against a sample, in the words of the stage, and the row that it repeats.
function evidenceView(sample, openSample) {
  const lines = (sample.evidence || []).map(([name, text]) =>
    el("li", {}, el("span", { class: "stage", text: words(name) }), el("span", { class: "said", text: text || "–" })));
  const { repeats } = sample;
  const how = [sample.similarity === undefined ? "" : `${percent(sample.similarity)} of the code in common`,
    sample.edit_similarity === undefined ? "" : `${percent(sample.edit_similarity)} of the edit`].filter(Boolean).join(", ");
  const inPage = repeats && repeats.id && DATA.samples.some((each) => each.id === repeats.id);
  const said = repeats ? el("span", { class: "said" }, el("span", { text: [repeats.name, repeats.file && `of ${repeats.file}`, how].filter(Boolean).join(" · ") }),
    inPage ? el("button", { type: "button", class: "quiet", text: "Open it", on: { click: () => openSample(repeats.id) } }) : null) : null;
  if (repeats) lines.push(el("li", {}, el("span", { class: "stage", text: "repeats" }), said));
  const shown = repeats && repeats.diff ? el("details", {}, el("summary", { text: "The row that it repeats" }),
    el("p", { class: "instruction", text: repeats.instruction }), diffView(repeats.diff)) : null;
  return lines.length ? el("div", { class: "evidence" }, el("ul", { class: "lineage" }, ...lines), shown) : null;
}

// Which test says what; the code of each behind its name.
function testsView(sample) {
  if (!sample.tests) return null;
  const shown = sample.tests.map(([name, went, code]) => el("li", {}, el("span", { class: "stage", text: went }),
    el("details", { class: "test" }, el("summary", { text: name }), el("pre", { text: code }))));
  return el("details", { open: "", class: "tests" }, el("summary", { text: plural(sample.tests.length, "test") }), el("ul", { class: "lineage" }, ...shown));
}

function sampleView(sample, changed, openSample) {
  const chip = (text, bad) => (text === undefined ? null : el("span", { class: bad ? "chip bad" : "chip", text }));
  const origin = [sample.prompt_id, sample.sample_index === undefined ? "" : `sample ${sample.sample_index}`].filter(Boolean).join(", ");
  return el("div", { class: "card sample", "data-id": sample.id },
    el("div", { class: "chips" },
      sample.reason ? chip(`rejected: ${words(sample.reason)}`, true) : null,
      chip(sample.file), chip(sample.model), chip(sample.style), sample.edit_kind ? chip(words(sample.edit_kind)) : null,
      sample.topic === undefined ? null : chip(topicName(sample.topic)),
      sample.modified_lines === undefined ? null : chip(`${plural(sample.modified_lines, "modified line")}, ${plural(sample.hunks, "hunk")}`),
      sample.tested ? chip(`by tests: ${sample.tested}`, sample.tested === "contradicted") : null,
      sample.tokens === undefined ? null : chip(plural(sample.tokens, "token")),
      sample.licenses ? chip(sample.licenses.join(", ")) : null, origin ? chip(origin) : null,
      el("a", { class: "chip", href: `#sample-${sample.id}`, text: "Link to this sample" })),
    evidenceView(sample, openSample),
    testsView(sample),
    sample.instruction ? el("p", { class: "instruction", text: sample.instruction }) : null,
    sample.diff ? diffView(sample.diff) : null,
    otherMarks(sample),
    sample.reviewable ? reviewBar(sample, changed) : null,
    sample.lineage ? el("details", { open: "" }, el("summary", { text: "Where it comes from" }),
      el("ol", { class: "lineage" }, ...sample.lineage.map((event) => el("li", {}, el("span", { class: "stage", text: event.stage }),
        el("span", {}, el("div", { class: "said", text: event.said }), el("div", { class: "file", text: event.file })))))) : null,
    ...(sample.texts || []).map(([label, text], index) => el("details", index < 3 && !sample.diff ? { open: "" } : {},
      el("summary", { text: words(label) }), el("pre", { text }))));
}

const topicName = (topic) => (topic < 0 ? "no topic" : `topic ${topic}`);
const valueOf = (sample, name) =>
  name === "topic" ? (sample.topic === undefined ? "" : topicName(sample.topic)) : name === "reason" ? words(sample.reason || "kept") : sample[name] || "";
const searchText = (sample) => [sample.id, sample.prompt_id, sample.instruction, sample.model, ...(sample.commits || []),
  ...(sample.diff || []).flat(2).map(lineText), ...(sample.texts || []).flat()].join("\n").toLowerCase();

// Samples without the value stand last, whichever way is asked for.
const SORTS = { "": ["Order drawn"], "tokens-": ["Most tokens", "tokens", -1], "tokens+": ["Fewest tokens", "tokens", 1],
  "modified_lines-": ["Most modified lines", "modified_lines", -1], "modified_lines+": ["Fewest modified lines", "modified_lines", 1],
  "similarity-": ["Most similar to what they repeat", "similarity", -1], "similarity+": ["Least similar to what they repeat", "similarity", 1] };
const LIST_STEP = 200; // items of the list that are made at a time

function sorted(samples, choice) {
  const [, name, way] = SORTS[choice];
  if (!name) return samples;
  const rank = (sample) => (sample[name] === undefined ? Infinity : way * sample[name]);
  return [...samples].sort((one, other) => (rank(one) === rank(other) ? 0 : rank(one) - rank(other)));
}

function sampleBrowser() {
  const texts = new Map(DATA.samples.map((sample) => [sample, searchText(sample)]));
  const [list, pane, found] = [el("div", { class: "list" }), el("div", { class: "pane" }), el("p", { class: "note found" })];
  const search = el("input", { type: "search", id: "search", placeholder: "Search instructions, code, ids", "aria-label": "Search", on: { input: refresh } });
  const selects = Object.entries(FILTERS).map(([name, label]) => {
    const values = [...new Set(DATA.samples.map((sample) => valueOf(sample, name)))].filter(Boolean)
      .sort((one, other) => one.localeCompare(other, "en", { numeric: true }));
    const select = el("select", { id: `filter-${name}`, "aria-label": label, hidden: values.length < 2 ? "" : undefined, on: { change: refresh } },
      el("option", { value: "", text: label }), ...values.map((value) => el("option", { value, text: value })));
    return [name, select];
  });
  const marks = el("select", { id: "filter-mark", "aria-label": "Review", on: { change: refresh } },
    ...[["", "Review"], ["accept", "Accepted"], ["reject", "Rejected by me"], ["none", "Not reviewed"]].map(([value, text]) => el("option", { value, text })));
  const people = el("select", { id: "filter-people", "aria-label": "Reviewers", hidden: DATA.reviews.people.length ? undefined : "", on: { change: refresh } },
    ...[["", "Reviewers"], ["disputed", "They disagree"], ["accept", "All accept"], ["reject", "All reject"], ["none", "None marked it"]].map(([value, text]) => el("option", { value, text })));
  const sort = el("select", { id: "sort", "aria-label": "Sort", on: { change: refresh } },
    ...Object.entries(SORTS).filter(([, [, name]]) => !name || DATA.samples.some((sample) => sample[name] !== undefined)).map(([value, [text]]) => el("option", { value, text })));
  const exporter = el("button", { type: "button", id: "export", on: { click: () => review.download(review.lines(), "review") } });
  const merger = el("button", { type: "button", id: "export-merged", hidden: DATA.reviews.people.length ? undefined : "", on: { click: () => review.download(review.merged(), "merged") } });
  const rejected = DATA.samples.filter((sample) => sample.reason).length;
  const searched = `Searched: ${number(DATA.samples.length - rejected)} of the ${plural(DATA.rows, "row")} under review${rejected ? ` and ${number(rejected)} rejected ones` : ""}${DATA.samples.length - rejected < DATA.rows ? "; --samples puts more on the page" : ""}.`;
  const sampleOf = new WeakMap(); // of an item of the list; two samples may have one id
  let [shown, current] = [[], null];

  function refresh() {
    const wanted = search.value.trim().toLowerCase();
    const matching = DATA.samples.filter((sample) => selects.every(([name, select]) => !select.value || valueOf(sample, name) === select.value)
      && (!marks.value || (review.of(sample).verdict || "none") === marks.value) && (!people.value || review.standing(sample.id) === people.value) && texts.get(sample).includes(wanted));
    shown = sorted(matching, sort.value);
    list.replaceChildren(...(shown.length ? [] : [el("div", { class: "nothing", text: "No sample matches." })]));
    extend(LIST_STEP);
    found.textContent = `${number(shown.length)} found. ${searched}`;
    if (!shown.includes(current)) open(shown[0] || null);
    else markOpen();
    showCounts();
  }
  function extend(count) {
    const made = list.querySelectorAll("button").length;
    list.append(...shown.slice(made, Math.max(made, count)).map(listItem));
  }
  list.addEventListener("scroll", () => {
    if (list.scrollTop + 2 * list.clientHeight > list.scrollHeight) extend(list.children.length + LIST_STEP);
  });
  function listItem(sample) {
    const verdict = review.of(sample).verdict;
    const meta = [sample.reason ? words(sample.reason) : sample.topic === undefined ? sample.kind : topicName(sample.topic), sample.style, words(sample.edit_kind || "")];
    const item = el("button", { type: "button", "data-id": sample.id, on: { click: () => { open(sample); if (isOneColumn.matches) pane.scrollIntoView(); } } },
      el("div", { class: "says", text: sample.instruction || (sample.texts && sample.texts[0] && sample.texts[0][1]) || sample.id }),
      el("div", { class: "meta" }, verdict ? el("span", { class: `mark-${verdict}`, text: verdict === "accept" ? "✓ " : "✗ " }) : null,
        el("span", { text: meta.filter(Boolean).join(" · ") })));
    sampleOf.set(item, sample);
    return item;
  }
  function open(sample) {
    current = sample;
    pane.replaceChildren(...(sample ? [sampleView(sample, changed, openById)] : []));
    markOpen();
  }
  function markOpen() {
    for (const item of list.children) item.classList.toggle("on", current !== null && sampleOf.get(item) === current);
  }
  function changed() {
    const item = [...list.children].find((node) => sampleOf.get(node) === current);
    if (item) item.replaceWith(listItem(current));
    markOpen();
    showCounts();
  }
  function showCounts() {
    exporter.textContent = `Export review (${review.count("accept")} ✓, ${review.count("reject")} ✗)`;
    exporter.disabled = !review.lines().length;
    merger.textContent = `Export merged (${review.merged().length})`;
    exporter.title = review.kept ? "" : "This browser keeps no marks for files; export before you close the page";
  }
  function move(step) {
    const next = shown[shown.indexOf(current) + step];
    if (!next) return;
    open(next);
    extend(shown.indexOf(next) + 1);
    markOpen();
    const item = list.querySelector(".on");
    if (item) item.scrollIntoView({ block: "nearest" });
  }
  document.addEventListener("keydown", (event) => {
    if (event.target.closest("input, select, textarea") || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "j") move(1);
    else if (event.key === "k") move(-1);
    else if (event.key === "a" || event.key === "r") {
      const button = pane.querySelector(event.key === "a" ? ".accept" : ".reject");
      if (button) button.click();
    }
  });
  function openById(id) {
    search.value = "";
    for (const [, select] of selects) select.value = "";
    marks.value = people.value = "";
    const sample = DATA.samples.find((each) => each.id === id) || null;
    current = sample;
    refresh();
    extend(shown.indexOf(sample) + 1);
    open(sample);
    if (!sample) pane.replaceChildren(el("p", { class: "card", text: `Sample ${id} is not on this page; a page with more --samples, or of other files, may have it.` }));
    (isOneColumn.matches ? pane : document.getElementById("samples")).scrollIntoView();
    const item = list.querySelector(".on");
    if (item && !isOneColumn.matches) item.scrollIntoView({ block: "nearest" });
  }
  function followLink() {
    const [, id] = location.hash.match(/^#sample-(\w+)$/) || [];
    if (id) openById(id);
  }
  addEventListener("hashchange", followLink);
  refresh();
  const node = el("div", {}, el("div", { class: "filters" }, search, ...selects.map(([, select]) => select), marks, people, sort, exporter, merger),
    found, el("div", { class: "browser" }, list, pane));
  return { node, openById, followLink };
}
